#include "alpha/inference/kv_blocks.h"

namespace alpha {

BlockId KvBlocks::acquire() {
  if (const BlockId block = pool_.acquire(); block != kNoBlock) return block;
  const BlockId oldest = pool_.oldest_idle();
  if (oldest == kNoBlock) return kNoBlock;
  tree_.erase(oldest);
  pool_.forget(oldest);
  ++n_evictions_;
  return pool_.acquire();
}

BlockId KvBlocks::find(const PrefixKey& key) {
  const BlockId block = tree_.find(key);
  if (block != kNoBlock) pool_.share(block);
  return block;
}

BlockId KvBlocks::publish(const PrefixKey& key, BlockId block) {
  const BlockId known = tree_.find(key);
  if (known == block) return block;
  if (known != kNoBlock) {
    pool_.share(known);
    pool_.release(block);
    return known;
  }
  tree_.insert(key, block);
  pool_.keep(block);
  return block;
}

}  // namespace alpha
