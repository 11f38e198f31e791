#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "alpha/helios/device.h"
#include "alpha/tensor/storage.h"

namespace alpha::helios {

class Memory;
class Timeline;

/// Memory on a device, of one buffer of Vulkan.
struct Slab {
  vk::Buffer buffer;  // goes before its memory
  vk::DeviceMemory memory;
  std::uint64_t size_bytes = 0;
  std::uint64_t used_bytes = 0;             // that blocks have been cut from
  std::int64_t n_in_use = 0;                // blocks handed out
  std::atomic<std::uint64_t> last_use = 0;  // of the timeline
};

/// A part of a slab that a tensor's storage is.
class Block final : public Storage {
 public:
  /// `number`: how many were cut before.
  Block(Memory& memory, Slab& slab, std::uint64_t offset, std::uint64_t capacity,
        std::uint64_t number) noexcept
      : memory_(memory),
        slab_(slab),
        offset_(offset),
        capacity_(capacity),
        number_(number) {}

  VkBuffer buffer() const noexcept { return slab_.buffer.get(); }

  /// Of the first byte, in the buffer.
  std::uint64_t offset() const noexcept { return offset_; }

  const Memory& memory() const noexcept { return memory_; }

  /// Whether a tensor has it. One that has been given back must not be used.
  bool is_in_use() const noexcept { return is_in_use_; }

  /// Work that ends at `value` of the timeline uses it.
  void set_last_use(std::uint64_t value) noexcept { slab_.last_use = value; }

 private:
  friend class Memory;
  void dispose() noexcept override;

  Memory& memory_;
  Slab& slab_;
  std::uint64_t offset_;
  std::uint64_t capacity_;
  std::uint64_t number_;
  bool is_in_use_ = false;
};

/// Allocator of device memory. Blocks are cut from slabs in size classes and reused, so that a
/// training step asks Vulkan for nothing once it has run before.
///
/// Of the free blocks of a class the first that was cut is handed out: what a step gets depends on
/// what is free, not on the order in which it came back, and so is the same in every step.
///
/// A block that comes back is handed out again at once, though work that uses it may still run:
/// there is one queue, and the recorder puts barriers between uses of the same bytes. Slabs go back
/// to Vulkan only after their last use. Safe to use from several threads.
class Memory {
 public:
  struct Stats {
    std::int64_t in_use_bytes = 0;   // handed out now
    std::int64_t peak_bytes = 0;     // most ever handed out
    std::int64_t held_bytes = 0;     // of slabs
    std::int64_t n_allocations = 0;  // times Vulkan was asked
  };

  /// Both outlive it.
  Memory(const Device& device, Timeline& timeline) : device_(device), timeline_(timeline) {}

  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// Uninitialised memory. Error: out_of_memory with the numbers; as Timeline::wait, where memory
  /// has to be given back first.
  StorageRef allocate(std::size_t size_bytes);

  Stats stats() const;

  /// How often slabs have gone back to Vulkan: a buffer that has the same handle in the same
  /// generation is the same buffer.
  std::uint64_t generation() const noexcept { return generation_; }

  /// Gives slabs that nothing uses back to Vulkan, after their last use; those that work needs
  /// which was recorded and not submitted stay. Error: as Timeline::wait.
  void trim();

 private:
  friend class Block;

  static bool is_later(const Block* a, const Block* b) noexcept { return a->number_ > b->number_; }

  void take_back(Block* block) noexcept;
  Block* reuse(std::uint64_t capacity);
  Block* cut(std::uint64_t capacity);
  void put_back(Block* block) noexcept;
  Slab& find_slab(std::uint64_t capacity);
  Slab* try_slab(std::uint64_t size_bytes);
  bool trim_locked();
  std::uint64_t available_bytes() const;
  [[noreturn]] void fail_full(std::uint64_t wanted_bytes) const;

  const Device& device_;
  Timeline& timeline_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::vector<Block*>> free_;  // capacity -> heap, the first cut on top
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::uint64_t n_cut_ = 0;
  std::atomic<std::uint64_t> generation_ = 0;
  Stats stats_;
};

}  // namespace alpha::helios
