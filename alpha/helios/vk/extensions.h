#pragma once

#include <cstdint>

#include "alpha/helios/vk/vulkan.h"

// Structures of extensions that are newer than Debian 12's headers (1.3.239), as the Vulkan
// specification has them.

namespace alpha::helios::vk {

inline constexpr const char* kCooperativeMatrixExtension = "VK_KHR_cooperative_matrix";
inline constexpr const char* kBfloat16Extension = "VK_KHR_shader_bfloat16";

/// VkPhysicalDeviceCooperativeMatrixFeaturesKHR.
struct CooperativeMatrixFeatures {
  VkStructureType sType = static_cast<VkStructureType>(1000506000);
  void* pNext = nullptr;
  VkBool32 cooperativeMatrix = VK_FALSE;
  VkBool32 cooperativeMatrixRobustBufferAccess = VK_FALSE;
};

/// VkCooperativeMatrixPropertiesKHR. Component types: 0 f16, 1 f32, 1000141000 bf16; scope 3 is a
/// subgroup.
struct CooperativeMatrixProperties {
  VkStructureType sType = static_cast<VkStructureType>(1000506001);
  void* pNext = nullptr;
  std::uint32_t MSize = 0;
  std::uint32_t NSize = 0;
  std::uint32_t KSize = 0;
  std::int32_t AType = 0;
  std::int32_t BType = 0;
  std::int32_t CType = 0;
  std::int32_t ResultType = 0;
  VkBool32 saturatingAccumulation = VK_FALSE;
  std::int32_t scope = 0;
};

using GetCooperativeMatrixProperties = VkResult(VKAPI_PTR*)(VkPhysicalDevice, std::uint32_t*,
                                                            CooperativeMatrixProperties*);

/// VkPhysicalDeviceShaderBfloat16FeaturesKHR.
struct Bfloat16Features {
  VkStructureType sType = static_cast<VkStructureType>(1000141000);
  void* pNext = nullptr;
  VkBool32 shaderBFloat16Type = VK_FALSE;
  VkBool32 shaderBFloat16DotProduct = VK_FALSE;
  VkBool32 shaderBFloat16CooperativeMatrix = VK_FALSE;
};

}  // namespace alpha::helios::vk
