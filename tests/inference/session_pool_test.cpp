#include "alpha/inference/session_pool.h"

#include "tests/inference/allocation_count.h"
#include "tests/inference/expected_samples.h"
#include <gtest/gtest.h>

namespace alpha {
namespace {

class Sessions : public testing::Test {
 public:
  std::shared_ptr<Job> job(std::int64_t n_prompt) const {
    GenerateRequest request;
    request.prompt.assign(static_cast<std::size_t>(n_prompt), 5);
    return std::make_shared<Job>(request, 0.0);
  }

  test::FakeTokenizer tokenizer;
  test::FakeRunner runner;
  KvBlocks blocks{runner.n_blocks()};
  SessionPool pool{2,
                   {.blocks = blocks,
                    .tokenizer = tokenizer,
                    .block_size = runner.block_size(),
                    .vocab_size = runner.vocab_size()}};
};

TEST_F(Sessions, AreBounded) {
  const SessionPool::Handle a = pool.acquire();
  const SessionPool::Handle b = pool.acquire();
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(pool.acquire());
  EXPECT_EQ(pool.in_use(), 2);
}

TEST_F(Sessions, ReturnWithTheirBlocksOnEveryWayOut) {
  try {
    const SessionPool::Handle session = pool.acquire();
    session->start(job(40), 0);
    ASSERT_TRUE(session->sequence().reserve(40, runner));
    EXPECT_EQ(blocks.pool().n_used(), 3);
    throw std::runtime_error("the client is gone");
  } catch (const std::runtime_error&) {
    EXPECT_EQ(pool.in_use(), 0);
    EXPECT_EQ(blocks.pool().n_used(), 0);
  }
}

TEST_F(Sessions, MoveFromHandToHand) {
  SessionPool::Handle a = pool.acquire();
  SessionPool::Handle b = std::move(a);
  EXPECT_EQ(pool.in_use(), 1);
  b.reset();
  EXPECT_EQ(pool.in_use(), 0);
}

TEST_F(Sessions, ForgetWhatWasWrittenBefore) {
  for (const std::int64_t n_prompt : {30, 10}) {
    const SessionPool::Handle session = pool.acquire();
    session->start(job(n_prompt), 0);
    EXPECT_EQ(session->sequence().n_tokens(), n_prompt);
    EXPECT_EQ(session->sequence().n_computed(), 0);
    EXPECT_EQ(session->n_written(), 0);
    EXPECT_FALSE(session->has_ended());
    ASSERT_TRUE(session->sequence().reserve(n_prompt, runner));
    session->advance(n_prompt);
    session->end(StopReason::cancelled, 1);
  }
}

TEST_F(Sessions, TakeNoMemoryForTheirTokensAndBlocks) {
  const auto a = job(100);
  pool.acquire()->start(a, 0);  // the sampler's options and the text are built anew each time
  const std::size_t before = test::n_allocations();
  const SessionPool::Handle session = pool.acquire();
  session->start(a, 0);
  ASSERT_TRUE(session->sequence().reserve(100, runner));
  session->advance(100);
  EXPECT_EQ(test::n_allocations(), before);
}

TEST_F(Sessions, OfAForkShareWholeBlocksAndCopyTheOneTheyWriteInto) {
  Sequence a(blocks, 128);
  a.start(std::vector<TokenId>(40, 3), 0);
  ASSERT_TRUE(a.reserve(40, runner));
  a.advance(40);
  Sequence b(blocks, 128);
  b.fork(a);
  EXPECT_EQ(blocks.pool().n_used(), 3);
  a.append(1);
  b.append(2);
  ASSERT_TRUE(a.reserve(1, runner));
  EXPECT_EQ(runner.n_copies, 1);
  ASSERT_TRUE(b.reserve(1, runner));  // the only reader now
  EXPECT_EQ(runner.n_copies, 1);
  EXPECT_EQ(a.blocks()[1], b.blocks()[1]);
  EXPECT_NE(a.blocks()[2], b.blocks()[2]);
}

TEST_F(Sessions, LeaveTheOriginalAloneWhenACopyFails) {
  Sequence a(blocks, 128);
  a.start(std::vector<TokenId>(20, 3), 0);
  ASSERT_TRUE(a.reserve(20, runner));
  a.advance(20);
  Sequence b(blocks, 128);
  b.fork(a);
  runner.on_copy = [] { throw std::runtime_error("copy"); };
  EXPECT_THROW(b.reserve(1, runner), std::runtime_error);
  EXPECT_EQ(blocks.pool().n_used(), 2);
  EXPECT_EQ(b.blocks()[1], a.blocks()[1]);
}

}  // namespace
}  // namespace alpha
