#include "alpha/inference/prefix_tree.h"

#include <algorithm>
#include <bit>

#include "alpha/core/error.h"
#include "alpha/core/hash.h"

namespace alpha {

PrefixTree::PrefixTree(std::int64_t n_blocks)
    : nodes_(static_cast<std::size_t>(n_blocks)),
      buckets_(std::bit_ceil(static_cast<std::size_t>(n_blocks)), kNoBlock) {}

BlockId PrefixTree::find(const PrefixKey& key) const {
  for (BlockId block = buckets_[bucket_of(key)]; block != kNoBlock; block = at(block).next) {
    const Node& node = at(block);
    if (node.parent == key.parent && node.salt == key.salt &&
        std::ranges::equal(node.tokens, key.tokens)) {
      return block;
    }
  }
  return kNoBlock;
}

void PrefixTree::insert(const PrefixKey& key, BlockId block) {
  Node& node = at(block);
  ALPHA_CHECK(!node.is_present, "the block is in the tree already");
  ALPHA_CHECK(key.parent == kNoBlock || at(key.parent).is_present, "the parent is not in the tree");
  ALPHA_DCHECK(find(key) == kNoBlock, "the content is in the tree already");
  std::ranges::copy(key.tokens, node.tokens.begin());
  node.salt = key.salt;
  node.parent = key.parent;
  node.bucket = bucket_of(key);
  node.next = buckets_[node.bucket];
  node.is_present = true;
  buckets_[node.bucket] = block;
  if (key.parent != kNoBlock) ++at(key.parent).n_children;
  ++size_;
}

void PrefixTree::erase(BlockId block) {
  Node& node = at(block);
  ALPHA_CHECK(node.is_present && node.n_children == 0, "only a leaf of the tree can be erased");
  BlockId* link = &buckets_[node.bucket];
  while (*link != block) link = &at(*link).next;
  *link = node.next;
  if (node.parent != kNoBlock) --at(node.parent).n_children;
  node.is_present = false;
  --size_;
}

std::uint32_t PrefixTree::bucket_of(const PrefixKey& key) const {
  struct {
    std::uint64_t salt;
    std::uint64_t parent;
    std::array<TokenId, static_cast<std::size_t>(kKvBlockTokens)> tokens;
  } bytes{.salt = key.salt, .parent = static_cast<std::uint64_t>(key.parent), .tokens = {}};

  std::ranges::copy(key.tokens, bytes.tokens.begin());
  const std::uint64_t hash = xxh3(std::as_bytes(std::span(&bytes, 1)));
  return static_cast<std::uint32_t>(hash & (buckets_.size() - 1));
}

}  // namespace alpha
