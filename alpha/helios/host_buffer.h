#pragma once

#include <cstddef>
#include <cstdint>

#include "alpha/helios/device.h"

namespace alpha::helios {

/// A buffer that host and device both see, mapped as long as it lives. What the host writes ahead
/// of a submit the device sees: nothing need be flushed.
class HostBuffer {
 public:
  /// Memory has the `wanted` properties too, where there is such. Error: out_of_memory,
  /// unsupported.
  HostBuffer(const Device& device, std::uint64_t size_bytes, VkBufferUsageFlags usage,
             VkMemoryPropertyFlags wanted);

  VkBuffer get() const noexcept { return buffer_.get(); }

  std::byte* data() const noexcept { return mapped_; }

 private:
  vk::Buffer buffer_;  // goes before its memory
  vk::DeviceMemory memory_;
  std::byte* mapped_ = nullptr;
};

}  // namespace alpha::helios
