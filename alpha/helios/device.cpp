#include "alpha/helios/device.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

#include "alpha/core/error.h"
#include "alpha/helios/vk/result.h"

namespace alpha::helios {

namespace {

constexpr std::uint32_t kOldestApi = VK_API_VERSION_1_2;
// What kernels that every device runs are made for.
constexpr std::uint32_t kLeastPushBytes = 128;
constexpr std::uint32_t kLeastSharedBytes = 32 * 1024;
constexpr std::uint32_t kLeastWorkgroup = 256;
constexpr VkSubgroupFeatureFlags kSubgroupOperations =
    VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_ARITHMETIC_BIT;

std::string version_text(std::uint32_t version) {
  return fmt::format("{}.{}.{}", VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version),
                     VK_API_VERSION_PATCH(version));
}

std::string_view kind_text(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return "discrete GPU";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return "integrated GPU";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return "virtual GPU";
    case VK_PHYSICAL_DEVICE_TYPE_CPU: return "CPU";
    default: return "other";
  }
}

int rank_of(std::string_view kind) {
  constexpr std::array kOrder = {"discrete GPU", "integrated GPU", "virtual GPU", "CPU"};
  return static_cast<int>(std::ranges::find(kOrder, kind) - kOrder.begin());
}

class Extensions {
 public:
  Extensions(const vk::Functions& vk, VkPhysicalDevice device) {
    std::uint32_t n = 0;
    vk::check(vk.EnumerateDeviceExtensionProperties(device, nullptr, &n, nullptr),
              "vkEnumerateDeviceExtensionProperties");
    all_.resize(n);
    vk::check(vk.EnumerateDeviceExtensionProperties(device, nullptr, &n, all_.data()),
              "vkEnumerateDeviceExtensionProperties");
  }

  bool has(const char* name) const {
    return std::ranges::any_of(
        all_, [&](const auto& one) { return std::strcmp(one.extensionName, name) == 0; });
  }

 private:
  std::vector<VkExtensionProperties> all_;
};

/// Features that Helios needs, or uses where they are there, chained as Vulkan wants them. Asked
/// for and switched on by the same chain. It points into itself.
struct Features {
  VkPhysicalDeviceFeatures2 core = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
  VkPhysicalDevice16BitStorageFeatures storage16 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES};
  VkPhysicalDeviceShaderFloat16Int8Features f16 = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES};
  VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES};
  VkPhysicalDeviceVulkanMemoryModelFeatures memory_model = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES};
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroup_size = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
  VkPhysicalDevicePipelineRobustnessFeaturesEXT robustness = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_ROBUSTNESS_FEATURES_EXT};
  vk::CooperativeMatrixFeatures matrices;
  vk::Bfloat16Features bf16;
  std::vector<const char*> names;  // of extensions

  Features(const vk::Functions& vk, VkPhysicalDevice device, const Extensions& extensions) {
    link(storage16);
    link(f16);
    link(timeline);
    link(memory_model);
    const auto link_if = [&](const char* name, auto& feature) {
      if (!extensions.has(name)) return;
      names.push_back(name);
      link(feature);
    };
    link_if(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME, subgroup_size);
    link_if(VK_EXT_PIPELINE_ROBUSTNESS_EXTENSION_NAME, robustness);
    link_if(vk::kCooperativeMatrixExtension, matrices);
    link_if(vk::kBfloat16Extension, bf16);
    if (extensions.has(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME)) {
      names.push_back(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    }
    vk.GetPhysicalDeviceFeatures2(device, &core);
    // Shaders stay within their buffers by themselves, and sizes are proven before a dispatch.
    core.features = {.shaderInt16 = core.features.shaderInt16};
    storage16.storageInputOutput16 = VK_FALSE;
    matrices.cooperativeMatrixRobustBufferAccess = VK_FALSE;
  }

  Features(const Features&) = delete;
  Features& operator=(const Features&) = delete;

 private:
  template<class Feature>
  void link(Feature& feature) {
    feature.pNext = core.pNext;
    core.pNext = &feature;
  }
};

std::vector<MatrixShape> matrices_of(const vk::Functions& vk, VkPhysicalDevice device,
                                     std::int32_t type) {
  constexpr std::int32_t kF32 = 1;
  constexpr std::int32_t kSubgroup = 3;
  std::uint32_t n = 0;
  vk::check(vk.GetPhysicalDeviceCooperativeMatrixProperties(device, &n, nullptr),
            "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
  std::vector<vk::CooperativeMatrixProperties> all(n);
  vk::check(vk.GetPhysicalDeviceCooperativeMatrixProperties(device, &n, all.data()),
            "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
  std::vector<MatrixShape> shapes;
  for (const auto& one : all) {
    if (one.AType == type && one.BType == type && one.CType == kF32 && one.ResultType == kF32 &&
        one.scope == kSubgroup && one.saturatingAccumulation == VK_FALSE) {
      shapes.push_back({one.MSize, one.NSize, one.KSize});
    }
  }
  return shapes;
}

std::optional<std::uint32_t> compute_family(const vk::Functions& vk, VkPhysicalDevice device) {
  std::uint32_t n = 0;
  vk.GetPhysicalDeviceQueueFamilyProperties(device, &n, nullptr);
  std::vector<VkQueueFamilyProperties> families(n);
  vk.GetPhysicalDeviceQueueFamilyProperties(device, &n, families.data());
  for (std::uint32_t i = 0; i < n; ++i) {
    if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) != 0) return i;
  }
  return {};
}

/// That the ticks of a queue have; 0: it does not tell times.
std::uint32_t timestamp_bits(const vk::Functions& vk, VkPhysicalDevice device,
                             std::uint32_t family) {
  std::uint32_t n = 0;
  vk.GetPhysicalDeviceQueueFamilyProperties(device, &n, nullptr);
  std::vector<VkQueueFamilyProperties> families(n);
  vk.GetPhysicalDeviceQueueFamilyProperties(device, &n, families.data());
  return family < n ? families[family].timestampValidBits : 0;
}

struct MemoryState {
  VkPhysicalDeviceMemoryProperties properties = {};
  std::uint64_t local_bytes = 0;
  std::uint64_t available_bytes = 0;
};

MemoryState memory_of(const vk::Functions& vk, VkPhysicalDevice device, bool has_budget) {
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
  VkPhysicalDeviceMemoryProperties2 memory = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
      .pNext = has_budget ? &budget : nullptr};
  vk.GetPhysicalDeviceMemoryProperties2(device, &memory);
  MemoryState state = {.properties = memory.memoryProperties};
  // The largest heap on the device: others are windows into it.
  for (std::uint32_t i = 0; i < state.properties.memoryHeapCount; ++i) {
    const VkMemoryHeap& heap = state.properties.memoryHeaps[i];
    if ((heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == 0 || heap.size <= state.local_bytes) {
      continue;
    }
    state.local_bytes = heap.size;
    state.available_bytes = heap.size;
    if (has_budget) {
      state.available_bytes =
          budget.heapBudget[i] - std::min(budget.heapUsage[i], budget.heapBudget[i]);
    }
  }
  return state;
}

void set_limits(DeviceInfo& info, const VkPhysicalDeviceLimits& limits) {
  info.max_shared_bytes = limits.maxComputeSharedMemorySize;
  info.max_workgroup_size =
      std::min(limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize[0]);
  info.max_groups_x = limits.maxComputeWorkGroupCount[0];
  info.max_push_bytes = limits.maxPushConstantsSize;
  info.max_bindings =
      std::min(limits.maxPerStageDescriptorStorageBuffers, limits.maxDescriptorSetStorageBuffers);
  info.max_range_bytes = limits.maxStorageBufferRange;
  info.offset_alignment = std::max<std::uint64_t>(limits.minStorageBufferOffsetAlignment, 16);
}

std::string problem_of(const DeviceInfo& info, std::uint32_t api, const Features& features,
                       bool has_queue, const VkPhysicalDeviceSubgroupProperties& subgroup) {
  if (api < kOldestApi) {
    return fmt::format("it has Vulkan {}, expected 1.2 or newer", version_text(api));
  }
  if (!has_queue) return "it has no queue that computes";
  if (features.timeline.timelineSemaphore == VK_FALSE) return "it has no timeline semaphores";
  if (!info.has_16_bit_storage) return "its shaders cannot read 16-bit values";
  if ((subgroup.supportedOperations & kSubgroupOperations) != kSubgroupOperations ||
      (subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) == 0) {
    return "its subgroups cannot add";
  }
  if (info.max_push_bytes < kLeastPushBytes) {
    return fmt::format("it has {} bytes of push constants, expected {}", info.max_push_bytes,
                       kLeastPushBytes);
  }
  if (info.max_shared_bytes < kLeastSharedBytes) {
    return fmt::format("it has {} bytes of shared memory, expected {}", info.max_shared_bytes,
                       kLeastSharedBytes);
  }
  if (info.max_workgroup_size < kLeastWorkgroup) {
    return fmt::format("it has workgroups of {}, expected {}", info.max_workgroup_size,
                       kLeastWorkgroup);
  }
  return {};
}

DeviceInfo describe(const vk::Functions& vk, VkPhysicalDevice device) {
  VkPhysicalDeviceSubgroupProperties subgroup = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES};
  VkPhysicalDeviceSubgroupSizeControlProperties subgroup_sizes = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES,
      .pNext = &subgroup};
  VkPhysicalDeviceDriverProperties driver = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, .pNext = &subgroup_sizes};
  VkPhysicalDeviceMaintenance3Properties maintenance = {
      .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, .pNext = &driver};
  VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                            .pNext = &maintenance};
  vk.GetPhysicalDeviceProperties2(device, &properties);
  const VkPhysicalDeviceProperties& core = properties.properties;
  const Extensions extensions(vk, device);
  const Features features(vk, device, extensions);

  DeviceInfo info;
  info.name = core.deviceName;
  info.driver = fmt::format("{} {}", driver.driverName, driver.driverInfo);
  info.kind = kind_text(core.deviceType);
  info.api_version = version_text(core.apiVersion);
  for (const std::uint8_t byte : core.pipelineCacheUUID) {
    info.cache_key += fmt::format("{:02x}", byte);
  }
  set_limits(info, core.limits);
  info.subgroup_size = subgroup.subgroupSize;
  info.max_memory_bytes = maintenance.maxMemoryAllocationSize;
  info.has_16_bit_storage = features.storage16.storageBuffer16BitAccess == VK_TRUE;
  info.has_f16 = features.f16.shaderFloat16 == VK_TRUE;
  info.has_subgroup_clusters =
      (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_CLUSTERED_BIT) != 0;
  info.has_subgroup_size_control = features.subgroup_size.subgroupSizeControl == VK_TRUE &&
                                   features.subgroup_size.computeFullSubgroups == VK_TRUE;
  const bool has_sizes = info.has_subgroup_size_control && subgroup_sizes.maxSubgroupSize > 0;
  info.min_subgroup_size = has_sizes ? subgroup_sizes.minSubgroupSize : info.subgroup_size;
  info.max_subgroup_size = has_sizes ? subgroup_sizes.maxSubgroupSize : info.subgroup_size;
  info.has_pipeline_robustness = features.robustness.pipelineRobustness == VK_TRUE;
  info.has_memory_budget = extensions.has(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  const MemoryState memory = memory_of(vk, device, info.has_memory_budget);
  info.local_bytes = memory.local_bytes;
  info.available_bytes = memory.available_bytes;
  const auto family = compute_family(vk, device);
  if (family) info.timestamp_bits = timestamp_bits(vk, device, *family);
  if (info.timestamp_bits > 0) info.timestamp_ns = core.limits.timestampPeriod;
  // Products need the memory model that their shaders are written in.
  if (features.matrices.cooperativeMatrix == VK_TRUE &&
      features.memory_model.vulkanMemoryModel == VK_TRUE && info.has_f16 &&
      vk.GetPhysicalDeviceCooperativeMatrixProperties != nullptr) {
    constexpr std::int32_t kF16 = 0;
    constexpr std::int32_t kBf16 = 1000141000;
    info.f16_matrices = matrices_of(vk, device, kF16);
    if (features.bf16.shaderBFloat16CooperativeMatrix == VK_TRUE) {
      info.bf16_matrices = matrices_of(vk, device, kBf16);
    }
  }
  info.problem = problem_of(info, core.apiVersion, features, family.has_value(), subgroup);
  return info;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

struct Candidate {
  VkPhysicalDevice device = VK_NULL_HANDLE;
  DeviceInfo info;
};

std::vector<Candidate> candidates(const vk::Instance& instance) {
  std::vector<Candidate> all;
  for (VkPhysicalDevice device : instance.physical_devices()) {
    all.push_back({device, describe(instance.functions(), device)});
  }
  std::ranges::stable_sort(all, {}, [](const Candidate& one) {
    return std::pair(!one.info.can_be_used(), rank_of(one.info.kind));
  });
  return all;
}

/// One or two digits are a place in the list; more ("4090") are part of a name.
std::optional<std::size_t> number_of(std::string_view name) {
  constexpr std::size_t kMostDigits = 2;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || name.size() > kMostDigits || !std::ranges::all_of(name, is_digit)) return {};
  std::size_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

Candidate choose(const vk::Instance& instance, const std::string& name) {
  std::string seen;
  std::vector<Candidate> all = candidates(instance);
  const std::optional<std::size_t> number = number_of(name);
  if (number && *number >= all.size() && !all.empty()) {
    fail(ErrorCode::unsupported, "[helios] no device has the number {}: there {} {}, from 0 on",
         *number, all.size() == 1 ? "is" : "are", all.size());
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    Candidate& one = all[i];
    const bool is_meant =
        number ? *number == i : lower(one.info.name).find(lower(name)) != std::string::npos;
    if (one.info.can_be_used() && is_meant) return std::move(one);
    seen += fmt::format("{}'{}'", seen.empty() ? "" : ", ", one.info.name);
    if (!one.info.can_be_used()) seen += fmt::format(" ({})", one.info.problem);
  }
  if (seen.empty()) fail_without_device();
  if (name.empty()) fail(ErrorCode::unsupported, "[helios] no device can be used: {}", seen);
  fail(ErrorCode::unsupported, "[helios] no device that can be used is '{}': there is {}", name,
       seen);
}

}  // namespace

void fail_without_device() {
  fail(ErrorCode::unsupported,
       "[helios] Vulkan has no device here: install your GPU's driver, or mesa-vulkan-drivers");
}

std::vector<DeviceInfo> list_devices(const vk::Instance& instance) {
  std::vector<DeviceInfo> infos;
  for (Candidate& one : candidates(instance)) infos.push_back(std::move(one.info));
  return infos;
}

Device::Device(const vk::Instance& instance, const std::string& name) : Device() {
  functions_ = instance.functions();
  Candidate chosen = choose(instance, name);
  physical_ = chosen.device;
  info_ = std::move(chosen.info);
  create();
  functions_.load_device(device_);
  if (instance.options().intercept) instance.options().intercept(functions_);
  functions_.GetDeviceQueue(device_, queue_family_, 0, &queue_);
  memory_ = memory_of(functions_, physical_, false).properties;
}

Device::~Device() {
  // Where not even the functions could be loaded, the loader's own ends the device.
  if (device_ == VK_NULL_HANDLE) return;
  if (functions_.DestroyDevice == nullptr) {
    functions_.DestroyDevice = reinterpret_cast<PFN_vkDestroyDevice>(
        functions_.GetDeviceProcAddr(device_, "vkDestroyDevice"));
  }
  functions_.DestroyDevice(device_, nullptr);
}

void Device::create() {
  const Extensions extensions(functions_, physical_);
  const Features features(functions_, physical_, extensions);
  queue_family_ = compute_family(functions_, physical_).value_or(0);
  const float priority = 1;
  const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                         .queueFamilyIndex = queue_family_,
                                         .queueCount = 1,
                                         .pQueuePriorities = &priority};
  const VkDeviceCreateInfo info = {
      .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
      .pNext = &features.core,
      .queueCreateInfoCount = 1,
      .pQueueCreateInfos = &queue,
      .enabledExtensionCount = static_cast<std::uint32_t>(features.names.size()),
      .ppEnabledExtensionNames = features.names.data()};
  vk::check(functions_.CreateDevice(physical_, &info, nullptr, &device_), "vkCreateDevice");
}

std::uint32_t Device::memory_type(std::uint32_t types, VkMemoryPropertyFlags wanted,
                                  VkMemoryPropertyFlags least) const {
  for (const VkMemoryPropertyFlags flags : {wanted, least}) {
    std::optional<std::uint32_t> best;
    for (std::uint32_t i = 0; i < memory_.memoryTypeCount; ++i) {
      if ((types >> i & 1U) == 0 || (memory_properties(i) & flags) != flags) continue;
      if (!best || std::popcount(memory_properties(i)) < std::popcount(memory_properties(*best))) {
        best = i;
      }
    }
    if (best) return *best;
  }
  fail(ErrorCode::unsupported, "[helios] '{}' has no memory with the properties {:#x}", info_.name,
       least);
}

std::uint64_t Device::available_bytes() const {
  return memory_of(functions_, physical_, info_.has_memory_budget).available_bytes;
}

}  // namespace alpha::helios
