#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "alpha/inference/model_runner.h"

namespace alpha {

using BlockTokens = std::span<const TokenId, static_cast<std::size_t>(kKvBlockTokens)>;

/// What the content of a full KV block depends on: all tokens up to its end. The block before it
/// stands for all that came before.
struct PrefixKey {
  std::uint64_t salt = 0;     // nothing is shared between different salts
  BlockId parent = kNoBlock;  // in the tree; kNoBlock: the key is of positions 0 to 15
  BlockTokens tokens;
};

/// Full KV blocks by their content. A node is a block; its path from the root spells the tokens
/// that were computed into it. Found by hash, compared exactly. Allocates nothing after
/// construction.
class PrefixTree {
 public:
  explicit PrefixTree(std::int64_t n_blocks);

  /// The block with this content; kNoBlock when there is none.
  BlockId find(const PrefixKey& key) const;

  /// Neither the key nor the block is in the tree yet; the parent is.
  void insert(const PrefixKey& key, BlockId block);

  /// Removes a block that is no block's parent.
  void erase(BlockId block);

  bool contains(BlockId block) const { return at(block).is_present; }

  std::int64_t size() const noexcept { return size_; }

 private:
  struct Node {
    std::array<TokenId, static_cast<std::size_t>(kKvBlockTokens)> tokens{};
    std::uint64_t salt = 0;
    BlockId parent = kNoBlock;
    BlockId next = kNoBlock;  // in the bucket
    std::uint32_t bucket = 0;
    std::int32_t n_children = 0;
    bool is_present = false;
  };

  const Node& at(BlockId block) const { return nodes_[static_cast<std::size_t>(block)]; }

  Node& at(BlockId block) { return nodes_[static_cast<std::size_t>(block)]; }

  std::uint32_t bucket_of(const PrefixKey& key) const;

  std::vector<Node> nodes_;       // [n_blocks]
  std::vector<BlockId> buckets_;  // a power of two, at least n_blocks
  std::int64_t size_ = 0;
};

}  // namespace alpha
