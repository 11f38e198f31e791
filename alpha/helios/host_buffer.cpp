#include "alpha/helios/host_buffer.h"

#include "alpha/helios/vk/result.h"

namespace alpha::helios {

HostBuffer::HostBuffer(const Device& device, std::uint64_t size_bytes, VkBufferUsageFlags usage,
                       VkMemoryPropertyFlags wanted) {
  const vk::Functions& vk = device.functions();
  const VkBufferCreateInfo buffer_info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                          .size = size_bytes,
                                          .usage = usage,
                                          .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
  VkBuffer buffer = VK_NULL_HANDLE;
  vk::check(vk.CreateBuffer(device.get(), &buffer_info, nullptr, &buffer), "vkCreateBuffer");
  buffer_ = device.own<vk::Buffer>(buffer);
  VkMemoryRequirements needs = {};
  vk.GetBufferMemoryRequirements(device.get(), buffer, &needs);
  constexpr VkMemoryPropertyFlags kLeast =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const VkMemoryAllocateInfo memory_info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = needs.size,
      .memoryTypeIndex = device.memory_type(needs.memoryTypeBits, kLeast | wanted, kLeast)};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  vk::check(vk.AllocateMemory(device.get(), &memory_info, nullptr, &memory), "vkAllocateMemory");
  memory_ = device.own<vk::DeviceMemory>(memory);
  vk::check(vk.BindBufferMemory(device.get(), buffer, memory, 0), "vkBindBufferMemory");
  void* mapped = nullptr;
  vk::check(vk.MapMemory(device.get(), memory, 0, VK_WHOLE_SIZE, 0, &mapped), "vkMapMemory");
  mapped_ = static_cast<std::byte*>(mapped);
}

}  // namespace alpha::helios
