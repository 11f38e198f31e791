#include "alpha/inference/prefix_tree.h"

#include <numeric>

#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/inference/kv_blocks.h"

namespace alpha {
namespace {

std::vector<TokenId> block_of(TokenId first) {
  std::vector<TokenId> tokens(static_cast<std::size_t>(kKvBlockTokens));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

PrefixKey key(const std::vector<TokenId>& tokens, BlockId parent = kNoBlock,
              std::uint64_t salt = 0) {
  return {.salt = salt, .parent = parent, .tokens = BlockTokens(tokens)};
}

TEST(PrefixTree, FindsABlockByAllThatItsContentDependsOn) {
  PrefixTree tree(8);
  const auto a = block_of(0);
  auto b = a;
  b.back() = 99;
  tree.insert(key(a), 3);
  tree.insert(key(a, 3), 5);
  EXPECT_EQ(tree.find(key(a)), 3);
  EXPECT_EQ(tree.find(key(a, 3)), 5);
  EXPECT_EQ(tree.find(key(b)), kNoBlock);
  EXPECT_EQ(tree.find(key(a, 5)), kNoBlock);
  EXPECT_EQ(tree.find(key(a, kNoBlock, 1)), kNoBlock);
}

TEST(PrefixTree, TellsManyBlocksApartAndForgetsThoseErased) {
  constexpr BlockId kN = 200;
  PrefixTree tree(kN);
  for (BlockId i = 0; i < kN; ++i) tree.insert(key(block_of(i)), i);
  for (BlockId i = 0; i < kN; i += 2) tree.erase(i);
  EXPECT_EQ(tree.size(), kN / 2);
  for (BlockId i = 0; i < kN; ++i) {
    EXPECT_EQ(tree.find(key(block_of(i))), i % 2 == 0 ? kNoBlock : i);
  }
}

TEST(PrefixTree, ErasesLeavesOnly) {
  PrefixTree tree(2);
  const auto a = block_of(0);
  tree.insert(key(a), 0);
  tree.insert(key(a, 0), 1);
  EXPECT_THROW(tree.erase(0), Error);
  tree.erase(1);
  tree.erase(0);
  EXPECT_THROW(tree.erase(0), Error);
  EXPECT_THROW(tree.insert(key(a, 0), 1), Error);
}

TEST(KvBlocks, EvictTheBlockUnusedTheLongestWhenNoneIsFree) {
  KvBlocks blocks(3);
  for (TokenId i = 0; i < 3; ++i) {
    const BlockId block = blocks.acquire();
    EXPECT_EQ(blocks.publish(key(block_of(i)), block), block);
    blocks.release(block);
  }
  blocks.release(blocks.find(key(block_of(0))));  // used again: 1 is the oldest now
  EXPECT_EQ(blocks.n_available(), 3);
  EXPECT_NE(blocks.acquire(), kNoBlock);
  EXPECT_TRUE(blocks.contains(key(block_of(0))));
  EXPECT_FALSE(blocks.contains(key(block_of(1))));
  EXPECT_EQ(blocks.n_evictions(), 1);
  EXPECT_NE(blocks.acquire(), kNoBlock);
  EXPECT_NE(blocks.acquire(), kNoBlock);
  EXPECT_EQ(blocks.acquire(), kNoBlock);
}

TEST(KvBlocks, StoreEqualContentOnce) {
  KvBlocks blocks(4);
  const auto a = block_of(7);
  const BlockId first = blocks.publish(key(a), blocks.acquire());
  const BlockId second = blocks.publish(key(a), blocks.acquire());
  EXPECT_EQ(second, first);
  EXPECT_EQ(blocks.pool().n_references(first), 2);
  EXPECT_EQ(blocks.pool().n_used(), 1);
}

}  // namespace
}  // namespace alpha
