#pragma once

#include <cstdint>
#include <vector>

#include "alpha/inference/model_runner.h"

namespace alpha {

/// Who holds which KV block: ids, reference counts, a free list. It has no memory of the blocks
/// themselves and clears none. Every operation is O(1) and allocates nothing.
///
/// A block is free, used (has references) or idle: without references, but kept for its content
/// until it is forgotten.
class BlockPool {
 public:
  /// Error: fewer than 1 block.
  explicit BlockPool(std::int64_t n_blocks);

  /// A free block, now with one reference; kNoBlock when none is free.
  BlockId acquire() noexcept;

  /// One more reference to a used or idle block.
  void share(BlockId block);

  /// One reference less. After the last one the block is idle, as the youngest, when it is kept,
  /// else free.
  void release(BlockId block);

  /// From now on the used `block` is idle and not free after its last reference.
  void keep(BlockId block);

  /// The idle block released the longest ago; kNoBlock when there is none.
  BlockId oldest_idle() const noexcept { return oldest_; }

  /// Makes an idle block free.
  void forget(BlockId block);

  std::int64_t n_references(BlockId block) const { return at(block).n_references; }

  bool is_free(BlockId block) const { return at(block).n_references == 0 && !at(block).is_kept; }

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(entries_.size()); }

  std::int64_t n_free() const noexcept { return n_free_; }

  std::int64_t n_idle() const noexcept { return n_idle_; }

  std::int64_t n_used() const noexcept { return size() - n_free_ - n_idle_; }

 private:
  struct Entry {
    std::int32_t n_references = 0;
    bool is_kept = false;
    BlockId older = kNoBlock;    // among the idle
    BlockId younger = kNoBlock;  // among the idle; the next one among the free
  };

  const Entry& at(BlockId block) const { return entries_[static_cast<std::size_t>(block)]; }

  Entry& at(BlockId block) { return entries_[static_cast<std::size_t>(block)]; }

  void push_free(BlockId block);
  void push_idle(BlockId block);
  void remove_idle(BlockId block);

  std::vector<Entry> entries_;
  BlockId free_ = kNoBlock;  // the one released last comes first: it may still be in a cache
  BlockId oldest_ = kNoBlock;
  BlockId youngest_ = kNoBlock;
  std::int64_t n_free_ = 0;
  std::int64_t n_idle_ = 0;
};

}  // namespace alpha
