#include "alpha/helios/memory.h"

#include <algorithm>
#include <bit>

#include "alpha/core/error.h"
#include "alpha/helios/timeline.h"
#include "alpha/helios/vk/result.h"

namespace alpha::helios {

namespace {

constexpr std::uint64_t kSmallest = 256;  // the strictest alignment that Vulkan allows a device
constexpr std::uint64_t kSlabBytes = std::uint64_t{64} << 20U;

/// Classes are an eighth of a power of two apart: at most an eighth is lost.
std::uint64_t class_of(std::uint64_t size_bytes) {
  const std::uint64_t size = std::max(size_bytes, kSmallest);
  const std::uint64_t step = std::max(std::bit_floor(size) / 8, kSmallest);
  return (size + step - 1) / step * step;
}

std::string mib(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

}  // namespace

void Block::dispose() noexcept {
  memory_.take_back(this);
}

Memory::~Memory() {
  timeline_.settle();
}

StorageRef Memory::allocate(std::size_t size_bytes) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t capacity = class_of(size_bytes);
  Block* block = reuse(capacity);
  if (block == nullptr) block = cut(capacity);
  block->is_in_use_ = true;
  block->size_bytes_ = size_bytes;
  ++block->slab_.n_in_use;
  stats_.in_use_bytes += static_cast<std::int64_t>(capacity);
  stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.in_use_bytes);
  return StorageRef(block);
}

void Memory::take_back(Block* block) noexcept {
  const std::lock_guard lock(mutex_);
  block->is_in_use_ = false;
  --block->slab_.n_in_use;
  stats_.in_use_bytes -= static_cast<std::int64_t>(block->capacity_);
  put_back(block);
}

/// Its place is there since the block was cut: nothing is allocated here.
void Memory::put_back(Block* block) noexcept {
  std::vector<Block*>& heap = free_.find(block->capacity_)->second;
  heap.push_back(block);
  std::ranges::push_heap(heap, is_later);
}

Block* Memory::reuse(std::uint64_t capacity) {
  const auto found = free_.find(capacity);
  if (found == free_.end() || found->second.empty()) return nullptr;
  std::vector<Block*>& heap = found->second;
  std::ranges::pop_heap(heap, is_later);
  Block* block = heap.back();
  heap.pop_back();
  return block;
}

/// A new block, out of what is left of a slab or of a new one.
Block* Memory::cut(std::uint64_t capacity) {
  Slab& slab = find_slab(capacity);
  blocks_.reserve(blocks_.size() + 1);
  std::vector<Block*>& heap = free_[capacity];
  const auto is_alike = [&](const auto& block) { return block->capacity_ == capacity; };
  heap.reserve(static_cast<std::size_t>(std::ranges::count_if(blocks_, is_alike)) + 1);
  blocks_.push_back(std::make_unique<Block>(*this, slab, slab.used_bytes, capacity, n_cut_++));
  slab.used_bytes += capacity;
  return blocks_.back().get();
}

Slab& Memory::find_slab(std::uint64_t capacity) {
  for (const auto& slab : slabs_) {
    if (slab->size_bytes - slab->used_bytes >= capacity) return *slab;
  }
  // A large block has a slab of its own.
  const std::uint64_t size = capacity >= kSlabBytes / 2 ? capacity : kSlabBytes;
  Slab* slab = try_slab(size);
  if (slab == nullptr && trim_locked()) slab = try_slab(size);
  // Where there is no room for a whole slab there may be some for this block.
  if (slab == nullptr && capacity < size) slab = try_slab(capacity);
  if (slab != nullptr) return *slab;
  // Drivers give more at once than they promise, where they can: the promise is no reason not to
  // ask.
  if (capacity > device_.info().max_memory_bytes && capacity <= available_bytes()) {
    fail(ErrorCode::out_of_memory,
         "[helios] a tensor of {} is wanted, and '{}' allocates at most {} at once", mib(capacity),
         device_.info().name, mib(device_.info().max_memory_bytes));
  }
  fail_full(capacity);
}

/// Null where there is no room.
Slab* Memory::try_slab(std::uint64_t size_bytes) {
  if (size_bytes > available_bytes()) return nullptr;
  const vk::Functions& vk = device_.functions();
  auto slab = std::make_unique<Slab>();
  const VkBufferCreateInfo buffer_info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                          .size = size_bytes,
                                          .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                                                   VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                                   VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                          .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
  VkBuffer buffer = VK_NULL_HANDLE;
  vk::check(vk.CreateBuffer(device_.get(), &buffer_info, nullptr, &buffer), "vkCreateBuffer");
  slab->buffer = device_.own<vk::Buffer>(buffer);

  VkMemoryRequirements needs = {};
  vk.GetBufferMemoryRequirements(device_.get(), buffer, &needs);
  const VkMemoryAllocateInfo memory_info = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
      .allocationSize = needs.size,
      .memoryTypeIndex =
          device_.memory_type(needs.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0)};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  const VkResult result = vk.AllocateMemory(device_.get(), &memory_info, nullptr, &memory);
  if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY) return nullptr;
  vk::check(result, "vkAllocateMemory");
  slab->memory = device_.own<vk::DeviceMemory>(memory);
  vk::check(vk.BindBufferMemory(device_.get(), buffer, memory, 0), "vkBindBufferMemory");

  slab->size_bytes = size_bytes;
  slabs_.push_back(std::move(slab));
  stats_.held_bytes += static_cast<std::int64_t>(size_bytes);
  ++stats_.n_allocations;
  return slabs_.back().get();
}

/// What Vulkan may still give us; where it does not say, all of the device's but what is held.
std::uint64_t Memory::available_bytes() const {
  const auto held = static_cast<std::uint64_t>(stats_.held_bytes);
  if (device_.info().has_memory_budget) return device_.available_bytes();
  return device_.info().local_bytes - std::min(held, device_.info().local_bytes);
}

void Memory::fail_full(std::uint64_t wanted_bytes) const {
  const std::uint64_t available = available_bytes();
  fail(ErrorCode::out_of_memory,
       "[helios] out of memory on '{}': {} more is wanted, {}; of {} there, {} is held here and {} "
       "of that in use; a smaller batch, a shorter block or --checkpoint needs less",
       device_.info().name, mib(wanted_bytes),
       available < wanted_bytes
           ? fmt::format("{} would fit", mib(available))
           : fmt::format("and is not to be had, though {} should be free", mib(available)),
       mib(device_.info().local_bytes), mib(static_cast<std::uint64_t>(stats_.held_bytes)),
       mib(static_cast<std::uint64_t>(stats_.in_use_bytes)));
}

Memory::Stats Memory::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void Memory::trim() {
  const std::lock_guard lock(mutex_);
  trim_locked();
}

/// Whether anything went back.
bool Memory::trim_locked() {
  const auto is_idle = [submitted = timeline_.submitted()](const Slab& slab) {
    return slab.n_in_use == 0 && slab.last_use <= submitted;
  };
  for (const auto& slab : slabs_) {
    if (is_idle(*slab)) timeline_.wait(slab->last_use);
  }
  for (auto& [capacity, heap] : free_) heap.clear();
  std::erase_if(blocks_, [&](const auto& block) { return is_idle(block->slab_); });
  for (const auto& block : blocks_) {
    if (!block->is_in_use_) put_back(block.get());
  }
  const std::size_t n_gone = std::erase_if(slabs_, [&](const auto& slab) {
    if (!is_idle(*slab)) return false;
    stats_.held_bytes -= static_cast<std::int64_t>(slab->size_bytes);
    return true;
  });
  if (n_gone > 0) ++generation_;
  return n_gone > 0;
}

}  // namespace alpha::helios
