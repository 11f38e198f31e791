#include "alpha/inference/block_pool.h"

#include <set>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

TEST(BlockPool, HandsOutEveryBlockOnceAndThenNone) {
  BlockPool pool(5);
  std::set<BlockId> blocks;
  for (int i = 0; i < 5; ++i) blocks.insert(pool.acquire());
  EXPECT_EQ(blocks, (std::set<BlockId>{0, 1, 2, 3, 4}));
  EXPECT_EQ(pool.acquire(), kNoBlock);
  EXPECT_EQ(pool.n_used(), 5);
}

TEST(BlockPool, FreesABlockAfterItsLastReference) {
  BlockPool pool(2);
  const BlockId block = pool.acquire();
  pool.share(block);
  pool.release(block);
  EXPECT_FALSE(pool.is_free(block));
  EXPECT_EQ(pool.n_references(block), 1);
  pool.release(block);
  EXPECT_TRUE(pool.is_free(block));
  EXPECT_EQ(pool.n_free(), 2);
}

TEST(BlockPool, KeepsABlockForItsContentUntilItIsForgotten) {
  BlockPool pool(1);
  const BlockId block = pool.acquire();
  pool.keep(block);
  pool.release(block);
  EXPECT_EQ(pool.n_idle(), 1);
  EXPECT_EQ(pool.n_used(), 0);
  EXPECT_EQ(pool.acquire(), kNoBlock);
  pool.share(block);
  EXPECT_EQ(pool.n_idle(), 0);
  EXPECT_EQ(pool.n_references(block), 1);
  pool.release(block);
  pool.forget(block);
  EXPECT_EQ(pool.acquire(), block);
}

TEST(BlockPool, KnowsTheBlockThatIsIdleTheLongest) {
  BlockPool pool(4);
  for (BlockId block = 0; block < 4; ++block) {
    EXPECT_EQ(pool.acquire(), block);
    pool.keep(block);
  }
  for (const BlockId block : {2, 0, 3, 1}) pool.release(block);
  EXPECT_EQ(pool.oldest_idle(), 2);
  pool.share(2);  // used again, so the youngest afterwards
  pool.share(3);  // taken out of the middle
  pool.release(2);
  for (const BlockId expected : {0, 1, 2}) {
    EXPECT_EQ(pool.oldest_idle(), expected);
    pool.forget(expected);
  }
  EXPECT_EQ(pool.oldest_idle(), kNoBlock);
  EXPECT_EQ(pool.n_free(), 3);
}

TEST(BlockPool, RefusesWhatWouldCorruptIt) {
  EXPECT_THROW(BlockPool(0), Error);
  BlockPool pool(2);
  EXPECT_THROW(pool.release(0), Error);
  EXPECT_THROW(pool.share(1), Error);
  EXPECT_THROW(pool.forget(0), Error);
  EXPECT_THROW(pool.keep(0), Error);
}

}  // namespace
}  // namespace alpha
