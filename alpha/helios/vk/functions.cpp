#include "alpha/helios/vk/functions.h"

#include "alpha/core/error.h"

namespace alpha::helios::vk {

namespace {

template<class Function>
void load(Function& function, PFN_vkVoidFunction found, const char* name) {
  if (found == nullptr) fail(ErrorCode::unsupported, "[helios] Vulkan here has no {}", name);
  function = reinterpret_cast<Function>(found);
}

}  // namespace

void Functions::load_global() {
  if (volkInitialize() != VK_SUCCESS) {
    fail(ErrorCode::unsupported,
         "[helios] this machine has no Vulkan loader (libvulkan.so.1): install your GPU's Vulkan "
         "driver, or mesa-vulkan-drivers");
  }
#define ALPHA_VK_LOAD(name) load(name, vkGetInstanceProcAddr(nullptr, "vk" #name), "vk" #name);
  ALPHA_VK_GLOBAL(ALPHA_VK_LOAD)
#undef ALPHA_VK_LOAD
}

void Functions::load_instance(VkInstance instance) {
#define ALPHA_VK_LOAD(name) load(name, vkGetInstanceProcAddr(instance, "vk" #name), "vk" #name);
  ALPHA_VK_INSTANCE(ALPHA_VK_LOAD)
#undef ALPHA_VK_LOAD
  const auto find = [instance](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        vkGetInstanceProcAddr(instance, name));
  };
  find(CreateDebugUtilsMessenger, "vkCreateDebugUtilsMessengerEXT");
  find(DestroyDebugUtilsMessenger, "vkDestroyDebugUtilsMessengerEXT");
  find(GetPhysicalDeviceCooperativeMatrixProperties,
       "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
}

void Functions::load_device(VkDevice device) {
#define ALPHA_VK_LOAD(name) load(name, GetDeviceProcAddr(device, "vk" #name), "vk" #name);
  ALPHA_VK_DEVICE(ALPHA_VK_LOAD)
#undef ALPHA_VK_LOAD
}

}  // namespace alpha::helios::vk
