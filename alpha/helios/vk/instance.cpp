#include "alpha/helios/vk/instance.h"

#include <algorithm>
#include <cstring>

#include "alpha/core/error.h"
#include "alpha/helios/vk/foreign_leaks.h"
#include "alpha/helios/vk/result.h"

namespace alpha::helios::vk {

namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";
constexpr std::size_t kMostMessages = 100;

/// What the layer is to do beyond its default.
std::vector<VkValidationFeatureEnableEXT> features_of(Validation validation) {
  std::vector<VkValidationFeatureEnableEXT> features;
  if (validation >= Validation::synchronization) {
    features.push_back(VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT);
  }
  if (validation >= Validation::gpu) {
    features.push_back(VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT);
    features.push_back(VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_RESERVE_BINDING_SLOT_EXT);
  }
  return features;
}

void check_layer(const Functions& vk) {
  std::uint32_t n = 0;
  check(vk.EnumerateInstanceLayerProperties(&n, nullptr), "vkEnumerateInstanceLayerProperties");
  std::vector<VkLayerProperties> layers(n);
  check(vk.EnumerateInstanceLayerProperties(&n, layers.data()),
        "vkEnumerateInstanceLayerProperties");
  const bool is_there = std::ranges::any_of(layers, [](const VkLayerProperties& layer) {
    return std::strcmp(layer.layerName, kValidationLayer) == 0;
  });
  if (!is_there) {
    fail(ErrorCode::unsupported,
         "[helios] validation is asked for, and {} is not installed (vulkan-validationlayers)",
         kValidationLayer);
  }
}

}  // namespace

Validation parse_validation(std::string_view name) {
  if (name == "off") return Validation::off;
  if (name == "core") return Validation::core;
  if (name == "synchronization") return Validation::synchronization;
  if (name == "gpu") return Validation::gpu;
  fail_invalid("Vulkan validation is '{}', expected off, core, synchronization or gpu", name);
}

Instance::Instance(InstanceOptions options) : Instance() {
  options_ = std::move(options);
  functions_.load_global();
  if (options_.intercept) options_.intercept(functions_);
  create();
  functions_.load_instance(instance_);
  if (options_.intercept) options_.intercept(functions_);
  if (options_.validation != Validation::off) listen();
}

Instance::~Instance() {
  if (messenger_ != VK_NULL_HANDLE) {
    functions_.DestroyDebugUtilsMessenger(instance_, messenger_, nullptr);
  }
  if (instance_ != VK_NULL_HANDLE) functions_.DestroyInstance(instance_, nullptr);
}

void Instance::create() {
  const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                         .pApplicationName = "alpha",
                                         .pEngineName = "helios",
                                         .apiVersion = VK_API_VERSION_1_2};
  VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                               .pApplicationInfo = &application};
  const auto features = features_of(options_.validation);
  const VkValidationFeaturesEXT validation = {
      .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
      .enabledValidationFeatureCount = static_cast<std::uint32_t>(features.size()),
      .pEnabledValidationFeatures = features.data()};
  const char* extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
  if (options_.validation != Validation::off) {
    check_layer(functions_);
    info.pNext = &validation;
    info.enabledLayerCount = 1;
    info.ppEnabledLayerNames = &kValidationLayer;
    info.enabledExtensionCount = 1;
    info.ppEnabledExtensionNames = &extension;
  }
  // Mesa 22.3 forgets 128 bytes that it knows of the CPU each time that it is loaded.
  const ForeignLeaks leaks;
  const VkResult result = functions_.CreateInstance(&info, nullptr, &instance_);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {
    fail(ErrorCode::unsupported,
         "[helios] Vulkan has no driver here: install your GPU's, or mesa-vulkan-drivers");
  }
  check(result, "vkCreateInstance");
}

void Instance::listen() {
  ALPHA_CHECK(functions_.CreateDebugUtilsMessenger != nullptr, "the extension was asked for");
  const VkDebugUtilsMessengerCreateInfoEXT info = {
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
      .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                         VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
      .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
                     VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
      .pfnUserCallback = on_message,
      .pUserData = this};
  check(functions_.CreateDebugUtilsMessenger(instance_, &info, nullptr, &messenger_),
        "vkCreateDebugUtilsMessengerEXT");
}

VkBool32 Instance::on_message(VkDebugUtilsMessageSeverityFlagBitsEXT /*severity*/,
                              VkDebugUtilsMessageTypeFlagsEXT /*types*/,
                              const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  auto& instance = *static_cast<Instance*>(user);
  const std::lock_guard lock(instance.mutex_);
  if (instance.messages_.size() < kMostMessages) instance.messages_.emplace_back(data->pMessage);
  return VK_FALSE;
}

std::vector<VkPhysicalDevice> Instance::physical_devices() const {
  const ForeignLeaks leaks;  // as in create
  std::uint32_t n = 0;
  check(functions_.EnumeratePhysicalDevices(instance_, &n, nullptr), "vkEnumeratePhysicalDevices");
  std::vector<VkPhysicalDevice> devices(n);
  check(functions_.EnumeratePhysicalDevices(instance_, &n, devices.data()),
        "vkEnumeratePhysicalDevices");
  devices.resize(n);
  return devices;
}

std::vector<std::string> Instance::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

}  // namespace alpha::helios::vk
