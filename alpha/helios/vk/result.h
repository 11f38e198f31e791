#pragma once

#include <string_view>

#include "alpha/helios/vk/vulkan.h"

namespace alpha::helios::vk {

/// "VK_ERROR_DEVICE_LOST"; "an unknown VkResult" where it is none that is known here.
std::string_view to_string(VkResult result) noexcept;

/// Throws for anything but success: out_of_memory, device_lost, unsupported or internal, naming the
/// call. The one place where a VkResult becomes an Error.
void check(VkResult result, std::string_view call);

}  // namespace alpha::helios::vk
