#include "alpha/inference/block_pool.h"

#include <limits>

#include "alpha/core/error.h"

namespace alpha {

BlockPool::BlockPool(std::int64_t n_blocks) {
  constexpr std::int64_t kMax = std::numeric_limits<BlockId>::max();
  if (n_blocks < 1 || n_blocks > kMax) {
    fail_invalid("[block pool] number of KV blocks: got {}, expected 1 to {}", n_blocks, kMax);
  }
  entries_.resize(static_cast<std::size_t>(n_blocks));
  for (auto block = static_cast<BlockId>(n_blocks); block-- > 0;) push_free(block);
}

BlockId BlockPool::acquire() noexcept {
  const BlockId block = free_;
  if (block == kNoBlock) return kNoBlock;
  free_ = at(block).younger;
  at(block).younger = kNoBlock;
  at(block).n_references = 1;
  --n_free_;
  return block;
}

void BlockPool::share(BlockId block) {
  ALPHA_CHECK(!is_free(block), "a free block cannot be shared");
  if (at(block).n_references++ == 0) remove_idle(block);
}

void BlockPool::release(BlockId block) {
  ALPHA_CHECK(at(block).n_references > 0, "a block was released more often than acquired");
  if (--at(block).n_references > 0) return;
  if (at(block).is_kept) {
    push_idle(block);
  } else {
    push_free(block);
  }
}

void BlockPool::keep(BlockId block) {
  ALPHA_CHECK(at(block).n_references > 0, "only a used block can be kept");
  at(block).is_kept = true;
}

void BlockPool::forget(BlockId block) {
  ALPHA_CHECK(at(block).is_kept && at(block).n_references == 0, "only an idle block is forgotten");
  remove_idle(block);
  at(block).is_kept = false;
  push_free(block);
}

void BlockPool::push_free(BlockId block) {
  at(block).younger = free_;
  free_ = block;
  ++n_free_;
}

void BlockPool::push_idle(BlockId block) {
  at(block).older = youngest_;
  (youngest_ == kNoBlock ? oldest_ : at(youngest_).younger) = block;
  youngest_ = block;
  ++n_idle_;
}

void BlockPool::remove_idle(BlockId block) {
  Entry& entry = at(block);
  (entry.older == kNoBlock ? oldest_ : at(entry.older).younger) = entry.younger;
  (entry.younger == kNoBlock ? youngest_ : at(entry.younger).older) = entry.older;
  entry.older = kNoBlock;
  entry.younger = kNoBlock;
  --n_idle_;
}

}  // namespace alpha
