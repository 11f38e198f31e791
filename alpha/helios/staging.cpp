#include "alpha/helios/staging.h"

#include <algorithm>
#include <cstring>

#include "alpha/helios/vk/result.h"

namespace alpha::helios {

Staging::Staging(const Device& device, Timeline& timeline, Recorder& recorder)
    : device_(device),
      timeline_(timeline),
      recorder_(recorder) {
  const vk::Functions& vk = device.functions();
  const VkBufferCreateInfo buffer_info = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
      .size = kParts * kPartBytes,
      .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
      .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
  VkBuffer buffer = VK_NULL_HANDLE;
  vk::check(vk.CreateBuffer(device.get(), &buffer_info, nullptr, &buffer), "vkCreateBuffer");
  buffer_ = device.own<vk::Buffer>(buffer);
  VkMemoryRequirements needs = {};
  vk.GetBufferMemoryRequirements(device.get(), buffer, &needs);
  // Cached, since the host reads what comes back; coherent, so that nothing need be flushed.
  constexpr VkMemoryPropertyFlags kLeast =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const VkMemoryAllocateInfo memory_info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = needs.size,
      .memoryTypeIndex = device.memory_type(needs.memoryTypeBits,
                                            kLeast | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, kLeast)};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  vk::check(vk.AllocateMemory(device.get(), &memory_info, nullptr, &memory), "vkAllocateMemory");
  memory_ = device.own<vk::DeviceMemory>(memory);
  vk::check(vk.BindBufferMemory(device.get(), buffer, memory, 0), "vkBindBufferMemory");
  void* mapped = nullptr;
  vk::check(vk.MapMemory(device.get(), memory, 0, VK_WHOLE_SIZE, 0, &mapped), "vkMapMemory");
  mapped_ = static_cast<std::byte*>(mapped);
  for (std::size_t i = 0; i < kParts; ++i) parts_[i].offset = i * kPartBytes;
}

Staging::~Staging() {
  timeline_.settle();
}

Staging::Part& Staging::take() {
  Part& part = parts_[next_];
  next_ = (next_ + 1) % kParts;
  if (part.value > timeline_.submitted()) recorder_.submit();
  timeline_.wait(part.value);
  return part;
}

void Staging::upload(const void* src, const Range& to) {
  const auto* bytes = static_cast<const std::byte*>(src);
  for (std::uint64_t at = to.begin; at < to.end;) {
    const std::uint64_t size = std::min(kPartBytes, to.end - at);
    Part& part = take();
    std::memcpy(mapped_ + part.offset, bytes + (at - to.begin), size);
    part.value = recorder_.next_value();
    recorder_.copy(range_of(part, size), {to.buffer, at, at + size});
    at += size;
  }
}

/// The copies of some parts are on their way while the host reads those before.
void Staging::download(const Range& from, void* dst) {
  auto* bytes = static_cast<std::byte*>(dst);

  struct Waiting {
    Part* part = nullptr;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
  };

  std::array<Waiting, kParts> waiting;
  std::size_t n_begun = 0;
  std::size_t n_done = 0;
  const auto finish_one = [&] {
    const Waiting& one = waiting[n_done++ % kParts];
    timeline_.wait(one.part->value);
    std::memcpy(bytes + (one.at - from.begin), mapped_ + one.part->offset, one.size);
  };
  for (std::uint64_t at = from.begin; at < from.end;) {
    if (n_begun - n_done == kParts) finish_one();
    const std::uint64_t size = std::min(kPartBytes, from.end - at);
    Part& part = take();
    recorder_.copy({from.buffer, at, at + size}, range_of(part, size));
    part.value = recorder_.submit();
    waiting[n_begun++ % kParts] = {&part, at, size};
    at += size;
  }
  while (n_done < n_begun) finish_one();
}

}  // namespace alpha::helios
