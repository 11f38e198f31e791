#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "alpha/tensor/storage.h"

namespace alpha {

/// Allocator of host memory for the CPU backends: blocks are 64-byte aligned, rounded up to size
/// classes and reused, so that a training step asks the system for nothing once it has run before.
/// Safe to use from several threads.
class HostMemory {
 public:
  struct Stats {
    std::int64_t in_use_bytes = 0;          // blocks handed out now
    std::int64_t peak_bytes = 0;            // most ever handed out
    std::int64_t held_bytes = 0;            // handed out or kept for reuse
    std::int64_t n_system_allocations = 0;  // times the system was asked
  };

  HostMemory();
  ~HostMemory();
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  /// Uninitialised memory. Error: out_of_memory with the numbers.
  StorageRef allocate(std::size_t size_bytes);

  Stats stats() const;

  /// Gives unused blocks back to the system.
  void trim();

 private:
  class Block;

  std::unique_ptr<Block> make_block(std::size_t capacity);
  void take_back(Block* block) noexcept;
  void trim_locked();

  mutable std::mutex mutex_;
  std::map<std::size_t, Block*> free_;  // size class -> stack of unused blocks
  std::vector<std::unique_ptr<Block>> blocks_;
  Stats stats_;
};

}  // namespace alpha
