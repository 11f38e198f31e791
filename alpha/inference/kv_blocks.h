#pragma once

#include <cstdint>

#include "alpha/inference/block_pool.h"
#include "alpha/inference/prefix_tree.h"

namespace alpha {

/// The KV blocks of all sequences: a pool, and a tree of the full ones by content. Blocks that no
/// sequence uses any more stay for their content until the room is needed; the one unused the
/// longest goes first.
///
/// A sequence that holds a block of the tree holds all blocks before it too, and gives back the
/// last one first. So a block is never older among the idle than one that follows it, and what is
/// evicted is always a leaf of the tree.
class KvBlocks {
 public:
  explicit KvBlocks(std::int64_t n_blocks) : pool_(n_blocks), tree_(n_blocks) {}

  /// A block for new content, evicting the oldest idle one where none is free; kNoBlock when all
  /// are in use.
  BlockId acquire();

  /// The block with this content, now with one more reference; kNoBlock when there is none.
  BlockId find(const PrefixKey& key);

  bool contains(const PrefixKey& key) const { return tree_.find(key) != kNoBlock; }

  /// Makes a full block known by its content. Where that is known already, in another block, the
  /// caller's reference moves there and `block` is released. Returns the block to use.
  BlockId publish(const PrefixKey& key, BlockId block);

  void share(BlockId block) { pool_.share(block); }

  void release(BlockId block) { pool_.release(block); }

  const BlockPool& pool() const noexcept { return pool_; }

  /// Blocks that `acquire` can give.
  std::int64_t n_available() const noexcept { return pool_.n_free() + pool_.n_idle(); }

  std::int64_t n_evictions() const noexcept { return n_evictions_; }

 private:
  BlockPool pool_;
  PrefixTree tree_;
  std::int64_t n_evictions_ = 0;
};

}  // namespace alpha
