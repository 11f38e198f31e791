#include "alpha/tensor/host_memory.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>
#include <unordered_set>

#include <sys/mman.h>

#include "alpha/core/error.h"

namespace alpha {

namespace {

constexpr std::size_t kAlignment = 64;
// From here on a block is asked for in pages of 2 MiB: weights are read front to back for every
// token, and looking up a page of 4 KiB every 4 KiB costs a quarter of the bandwidth.
constexpr std::size_t kHugePage = std::size_t{2} << 20U;
constexpr std::size_t kHugeFrom = 2 * kHugePage;

/// The next of eight steps per power of two: at most 12.5 % is wasted.
std::size_t size_class(std::size_t size) {
  size = std::max(size, kAlignment);
  const std::size_t step = std::max(std::bit_floor(size) / 8, kAlignment);
  return (size + step - 1) / step * step;
}

}  // namespace

class HostMemory::Block final : public Storage {
 public:
  Block(HostMemory& owner, std::size_t capacity) : owner_(owner), capacity_(capacity) {
    const bool is_huge = capacity >= kHugeFrom;
    const std::size_t alignment = is_huge ? kHugePage : kAlignment;
    const std::size_t size = (capacity + alignment - 1) / alignment * alignment;
    host_ = static_cast<std::byte*>(std::aligned_alloc(alignment, size));
    if (host_ == nullptr) {
      fail(ErrorCode::out_of_memory, "the system has no {} bytes for a tensor", capacity);
    }
    if (is_huge) madvise(host_, size, MADV_HUGEPAGE);  // a wish; nothing depends on it
  }

  ~Block() override { std::free(host_); }  // NOLINT(cppcoreguidelines-no-malloc): aligned_alloc

  void set_size(std::size_t size) noexcept { size_bytes_ = size; }

  std::size_t capacity() const noexcept { return capacity_; }

  Block* next_free = nullptr;

 protected:
  void dispose() noexcept override { owner_.take_back(this); }

 private:
  HostMemory& owner_;
  std::size_t capacity_;
};

HostMemory::HostMemory() = default;
HostMemory::~HostMemory() = default;

StorageRef HostMemory::allocate(std::size_t size_bytes) {
  const std::size_t capacity = size_class(size_bytes);
  const std::lock_guard lock(mutex_);
  Block*& stack = free_[capacity];
  Block* block = stack;
  if (block != nullptr) {
    stack = block->next_free;
  } else {
    blocks_.push_back(make_block(capacity));
    block = blocks_.back().get();
    stats_.held_bytes += static_cast<std::int64_t>(capacity);
    ++stats_.n_system_allocations;
  }
  block->set_size(size_bytes);
  stats_.in_use_bytes += static_cast<std::int64_t>(capacity);
  stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.in_use_bytes);
  return StorageRef(block);
}

std::unique_ptr<HostMemory::Block> HostMemory::make_block(std::size_t capacity) {
  try {
    return std::make_unique<Block>(*this, capacity);
  } catch (const Error&) {
    trim_locked();  // blocks of other sizes may be what is missing
    return std::make_unique<Block>(*this, capacity);
  }
}

void HostMemory::take_back(Block* block) noexcept {
  const std::lock_guard lock(mutex_);
  Block*& stack = free_.find(block->capacity())->second;
  block->next_free = stack;
  stack = block;
  stats_.in_use_bytes -= static_cast<std::int64_t>(block->capacity());
}

HostMemory::Stats HostMemory::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void HostMemory::trim() {
  const std::lock_guard lock(mutex_);
  trim_locked();
}

void HostMemory::trim_locked() {
  std::unordered_set<const Block*> unused;
  for (auto& [capacity, stack] : free_) {
    for (; stack != nullptr; stack = stack->next_free) {
      unused.insert(stack);
      stats_.held_bytes -= static_cast<std::int64_t>(capacity);
    }
  }
  std::erase_if(blocks_, [&](const auto& block) { return unused.contains(block.get()); });
}

}  // namespace alpha
