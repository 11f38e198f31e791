#pragma once

#include "alpha/helios/vk/extensions.h"
#include "alpha/helios/vk/vulkan.h"

namespace alpha::helios::vk {

// Every Vulkan function that Helios calls.
#define ALPHA_VK_GLOBAL(X)            \
  X(CreateInstance)                   \
  X(EnumerateInstanceLayerProperties) \
  X(EnumerateInstanceExtensionProperties)

#define ALPHA_VK_INSTANCE(X)                \
  X(DestroyInstance)                        \
  X(EnumeratePhysicalDevices)               \
  X(EnumerateDeviceExtensionProperties)     \
  X(GetPhysicalDeviceProperties2)           \
  X(GetPhysicalDeviceFeatures2)             \
  X(GetPhysicalDeviceMemoryProperties2)     \
  X(GetPhysicalDeviceQueueFamilyProperties) \
  X(CreateDevice)                           \
  X(GetDeviceProcAddr)

#define ALPHA_VK_DEVICE(X)       \
  X(DestroyDevice)               \
  X(GetDeviceQueue)              \
  X(QueueSubmit)                 \
  X(AllocateMemory)              \
  X(FreeMemory)                  \
  X(MapMemory)                   \
  X(CreateBuffer)                \
  X(DestroyBuffer)               \
  X(GetBufferMemoryRequirements) \
  X(BindBufferMemory)            \
  X(CreateSemaphore)             \
  X(DestroySemaphore)            \
  X(WaitSemaphores)              \
  X(GetSemaphoreCounterValue)    \
  X(CreateCommandPool)           \
  X(DestroyCommandPool)          \
  X(AllocateCommandBuffers)      \
  X(BeginCommandBuffer)          \
  X(EndCommandBuffer)            \
  X(CmdBindPipeline)             \
  X(CmdPushConstants)            \
  X(CmdBindDescriptorSets)       \
  X(CmdDispatch)                 \
  X(CmdCopyBuffer)               \
  X(CmdFillBuffer)               \
  X(CmdPipelineBarrier)          \
  X(CmdWriteTimestamp)           \
  X(CmdResetQueryPool)           \
  X(CreateQueryPool)             \
  X(DestroyQueryPool)            \
  X(GetQueryPoolResults)         \
  X(CreateShaderModule)          \
  X(DestroyShaderModule)         \
  X(CreateDescriptorSetLayout)   \
  X(DestroyDescriptorSetLayout)  \
  X(CreateDescriptorPool)        \
  X(DestroyDescriptorPool)       \
  X(ResetDescriptorPool)         \
  X(AllocateDescriptorSets)      \
  X(UpdateDescriptorSets)        \
  X(CreatePipelineLayout)        \
  X(DestroyPipelineLayout)       \
  X(CreatePipelineCache)         \
  X(DestroyPipelineCache)        \
  X(GetPipelineCacheData)        \
  X(CreateComputePipelines)      \
  X(DestroyPipeline)

/// The table through which every call goes, by value: whoever wants calls to fail replaces entries
/// of his own copy.
struct Functions {
#define ALPHA_VK_MEMBER(name) PFN_vk##name name = nullptr;
  ALPHA_VK_GLOBAL(ALPHA_VK_MEMBER)
  ALPHA_VK_INSTANCE(ALPHA_VK_MEMBER)
  ALPHA_VK_DEVICE(ALPHA_VK_MEMBER)
#undef ALPHA_VK_MEMBER

  // Of extensions; null where there are none.
  PFN_vkCreateDebugUtilsMessengerEXT CreateDebugUtilsMessenger = nullptr;
  PFN_vkDestroyDebugUtilsMessengerEXT DestroyDebugUtilsMessenger = nullptr;
  GetCooperativeMatrixProperties GetPhysicalDeviceCooperativeMatrixProperties = nullptr;

  /// Finds the loader. Error: unsupported where this machine has none.
  void load_global();
  void load_instance(VkInstance instance);

  /// Error: unsupported, naming the function that is missing.
  void load_device(VkDevice device);
};

}  // namespace alpha::helios::vk
