#include "alpha/data/sequential_batches.h"

#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

std::vector<TokenId> counting_tokens(std::size_t n) {
  std::vector<TokenId> tokens(n);
  std::iota(tokens.begin(), tokens.end(), 0);
  return tokens;
}

TEST(SequentialBatches, MakeEveryTokenButTheFirstATargetExactlyOnce) {
  for (std::size_t n = 2; n <= 40; ++n) {
    const auto tokens = counting_tokens(n);
    SequentialBatches batches(tokens, 3, 4);
    Batch batch;
    std::vector<TokenId> targets;
    std::int64_t n_batches = 0;
    while (batches.next(batch)) {
      ++n_batches;
      ASSERT_EQ(batch.inputs.size(), 12U);
      for (std::size_t i = 0; i < 12; ++i) {
        if (batch.targets[i] == kIgnoreTarget) {
          EXPECT_EQ(batch.inputs[i], 0);
          continue;
        }
        EXPECT_EQ(batch.inputs[i], batch.targets[i] - 1);
        targets.push_back(batch.targets[i]);
      }
    }
    const std::vector<TokenId> expected(tokens.begin() + 1, tokens.end());
    EXPECT_EQ(targets, expected) << n << " tokens";
    EXPECT_EQ(n_batches, batches.n_batches()) << n << " tokens";
    EXPECT_EQ(batches.n_targets(), static_cast<std::int64_t>(n) - 1);
  }
}

TEST(SequentialBatches, PadTheShortLastWindowAndTheRowsBehindIt) {
  const auto tokens = counting_tokens(7);
  SequentialBatches batches(tokens, 3, 4);
  Batch batch;
  ASSERT_TRUE(batches.next(batch));
  EXPECT_EQ(batch.inputs, (std::vector<TokenId>{0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.targets, (std::vector<TokenId>{1, 2, 3, 4, 5, 6, -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(batch.n_targets(), 6);
  EXPECT_FALSE(batches.next(batch));
}

TEST(SequentialBatches, StartAgainAfterReset) {
  const auto tokens = counting_tokens(30);
  SequentialBatches batches(tokens, 2, 5);
  Batch first;
  batches.next(first);
  Batch batch;
  while (batches.next(batch)) {
  }
  batches.reset();
  ASSERT_TRUE(batches.next(batch));
  EXPECT_EQ(batch.targets, first.targets);
}

TEST(SequentialBatches, RefuseATextWithoutAnyTarget) {
  const auto tokens = counting_tokens(1);
  EXPECT_THROW(SequentialBatches(tokens, 1, 4), Error);
}

TEST(EvaluationWindows, AreEvenlySpacedFromTheFirstStartToTheLast) {
  EXPECT_EQ(evaluation_windows(109, 8, 5), (std::vector<std::int64_t>{0, 25, 50, 75, 100}));
  EXPECT_EQ(evaluation_windows(109, 8, 1), (std::vector<std::int64_t>{0}));
}

TEST(EvaluationWindows, AreDistinctWhenFewerExistThanAskedFor) {
  EXPECT_EQ(evaluation_windows(12, 8, 100), (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST(EvaluationWindows, DoNotOverflowInAHugeText) {
  const std::int64_t n_tokens = std::numeric_limits<std::int64_t>::max() / 2;
  const auto starts = evaluation_windows(n_tokens, 8, 1000);
  EXPECT_EQ(starts.front(), 0);
  EXPECT_EQ(starts.back(), n_tokens - 9);
  for (std::size_t i = 1; i < starts.size(); ++i) EXPECT_GT(starts[i], starts[i - 1]);
}

TEST(EvaluationWindows, RefuseATextThatIsTooShort) {
  EXPECT_THROW(evaluation_windows(8, 8, 1), Error);
  EXPECT_THROW(evaluation_windows(9, 8, 0), Error);
}

}  // namespace
}  // namespace alpha
