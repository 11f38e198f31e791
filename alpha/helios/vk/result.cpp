#include "alpha/helios/vk/result.h"

#include "alpha/core/error.h"

namespace alpha::helios::vk {

std::string_view to_string(VkResult result) noexcept {
  switch (result) {
#define ALPHA_VK_RESULT(name) \
  case name: return #name;
    ALPHA_VK_RESULT(VK_SUCCESS)
    ALPHA_VK_RESULT(VK_NOT_READY)
    ALPHA_VK_RESULT(VK_TIMEOUT)
    ALPHA_VK_RESULT(VK_INCOMPLETE)
    ALPHA_VK_RESULT(VK_ERROR_OUT_OF_HOST_MEMORY)
    ALPHA_VK_RESULT(VK_ERROR_OUT_OF_DEVICE_MEMORY)
    ALPHA_VK_RESULT(VK_ERROR_INITIALIZATION_FAILED)
    ALPHA_VK_RESULT(VK_ERROR_DEVICE_LOST)
    ALPHA_VK_RESULT(VK_ERROR_MEMORY_MAP_FAILED)
    ALPHA_VK_RESULT(VK_ERROR_LAYER_NOT_PRESENT)
    ALPHA_VK_RESULT(VK_ERROR_EXTENSION_NOT_PRESENT)
    ALPHA_VK_RESULT(VK_ERROR_FEATURE_NOT_PRESENT)
    ALPHA_VK_RESULT(VK_ERROR_INCOMPATIBLE_DRIVER)
    ALPHA_VK_RESULT(VK_ERROR_TOO_MANY_OBJECTS)
    ALPHA_VK_RESULT(VK_ERROR_OUT_OF_POOL_MEMORY)
    ALPHA_VK_RESULT(VK_ERROR_INVALID_SHADER_NV)
#undef ALPHA_VK_RESULT
    default: return "an unknown VkResult";
  }
}

namespace {

ErrorCode code_of(VkResult result) noexcept {
  switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_MEMORY_MAP_FAILED: return ErrorCode::out_of_memory;
    case VK_ERROR_DEVICE_LOST: return ErrorCode::device_lost;
    case VK_ERROR_INITIALIZATION_FAILED:
    case VK_ERROR_LAYER_NOT_PRESENT:
    case VK_ERROR_EXTENSION_NOT_PRESENT:
    case VK_ERROR_FEATURE_NOT_PRESENT:
    case VK_ERROR_INCOMPATIBLE_DRIVER: return ErrorCode::unsupported;
    default: return ErrorCode::internal;
  }
}

}  // namespace

void check(VkResult result, std::string_view call) {
  if (result == VK_SUCCESS) return;
  fail(code_of(result), "[helios] {} failed with {} ({})", call, to_string(result),
       static_cast<int>(result));
}

}  // namespace alpha::helios::vk
