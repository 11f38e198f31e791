#include "alpha/data/batch_stream.h"

#include <cstdint>
#include <numeric>
#include <set>
#include <string>
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

// Tokens that count up tell where a row starts: at its first input.
std::vector<TokenId> first_inputs(const Batch& batch) {
  std::vector<TokenId> starts;
  for (std::int64_t row = 0; row < batch.B; ++row) {
    starts.push_back(batch.inputs[static_cast<std::size_t>(row * batch.T)]);
  }
  return starts;
}

TEST(WindowStart, IsTheOriginalsForItsDraws) {
  SeededRng rng(42);
  for (const std::int64_t expected : {0, 24, 72, 53}) {
    EXPECT_EQ(window_start(rng.next(), 100, 8), expected);
  }
}

TEST(BatchStream, TargetsAreTheInputsOneTokenLater) {
  const auto tokens = counting_tokens(100);
  BatchStream stream(tokens, 3, 7, 5);
  Batch batch;
  stream.next(batch);
  ASSERT_EQ(batch.inputs.size(), 21U);
  ASSERT_EQ(batch.targets.size(), 21U);
  for (std::size_t i = 0; i < batch.inputs.size(); ++i) {
    EXPECT_EQ(batch.targets[i], batch.inputs[i] + 1);
    EXPECT_EQ(batch.inputs[i], batch.inputs[i / 7 * 7] + static_cast<TokenId>(i % 7));
  }
}

TEST(BatchStream, ReachesTheFirstAndTheLastWindowAndNothingBeyond) {
  const auto tokens = counting_tokens(20);
  BatchStream stream(tokens, 16, 8, 1);
  Batch batch;
  std::set<TokenId> starts;
  for (int i = 0; i < 50; ++i) {
    stream.next(batch);
    for (const TokenId start : first_inputs(batch)) starts.insert(start);
  }
  EXPECT_EQ(starts.size(), 12U);
  EXPECT_EQ(*starts.begin(), 0);
  EXPECT_EQ(*starts.rbegin(), 11);
}

TEST(BatchStream, DrawsTheOnlyWindowOfAMinimalText) {
  const auto tokens = counting_tokens(9);
  BatchStream stream(tokens, 2, 8, 42);
  Batch batch;
  stream.next(batch);
  EXPECT_EQ(first_inputs(batch), (std::vector<TokenId>{0, 0}));
}

TEST(BatchStream, GoesOnExactlyFromAPosition) {
  const auto tokens = counting_tokens(100000);
  BatchStream stream(tokens, 10, 8, 7);
  Batch batch;
  for (int i = 0; i < 1000; ++i) stream.next(batch);
  BatchStream resumed(tokens, 10, 8, 7);
  resumed.set_position(stream.position());
  Batch expected;
  stream.next(expected);
  resumed.next(batch);
  EXPECT_EQ(batch.inputs, expected.inputs);
}

TEST(BatchStream, DrawsTheSameRowsInBatchesOfAnySize) {
  const auto tokens = counting_tokens(1000);
  BatchStream small(tokens, 2, 8, 7);
  BatchStream big(tokens, 4, 8, 7);
  Batch first;
  Batch second;
  Batch both;
  small.next(first);
  small.next(second);
  big.next(both);
  first.inputs.insert(first.inputs.end(), second.inputs.begin(), second.inputs.end());
  EXPECT_EQ(both.inputs, first.inputs);
}

TEST(BatchStream, KeepsDrawingNewWindows) {
  const auto tokens = counting_tokens(1'000'000);
  BatchStream stream(tokens, 100, 8, 42);
  Batch batch;
  std::set<TokenId> starts;
  for (int i = 0; i < 400; ++i) {
    stream.next(batch);
    for (const TokenId start : first_inputs(batch)) starts.insert(start);
  }
  EXPECT_GT(starts.size(), 39000U);  // 40,000 draws of a million: some 800 meet
}

TEST(BatchStream, DoesNotMoveTheBuffersAfterTheFirstCall) {
  const auto tokens = counting_tokens(100);
  BatchStream stream(tokens, 4, 8, 42);
  Batch batch;
  stream.next(batch);
  const TokenId* inputs = batch.inputs.data();
  const TokenId* targets = batch.targets.data();
  for (int i = 0; i < 10; ++i) stream.next(batch);
  EXPECT_EQ(batch.inputs.data(), inputs);
  EXPECT_EQ(batch.targets.data(), targets);
}

TEST(BatchStream, RefusesTooFewTokensWithBothNumbers) {
  const auto tokens = counting_tokens(8);
  try {
    BatchStream stream(tokens, 1, 8, 42);
    FAIL() << "accepted 8 tokens with block size 8";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    const std::string message = error.what();
    EXPECT_NE(message.find("got 8 with block size 8, expected at least 9"), std::string::npos)
        << message;
    EXPECT_NE(message.find("smaller block size"), std::string::npos) << message;
  }
}

TEST(BatchStream, RefusesABatchSizeOfZero) {
  const auto tokens = counting_tokens(20);
  EXPECT_THROW(BatchStream(tokens, 0, 8, 42), Error);
  EXPECT_THROW(BatchStream(tokens, 1, 0, 42), Error);
}

TEST(FillWindows, RefusesAWindowWhoseLastTargetIsMissing) {
  const auto tokens = counting_tokens(10);
  Batch batch;
  const std::vector<std::int64_t> last = {5};
  fill_windows(tokens, last, 4, batch);
  EXPECT_EQ(batch.targets.back(), 9);
  const std::vector<std::int64_t> beyond = {6};
  EXPECT_THROW(fill_windows(tokens, beyond, 4, batch), Error);
  const std::vector<std::int64_t> before = {-1};
  EXPECT_THROW(fill_windows(tokens, before, 4, batch), Error);
}

}  // namespace
}  // namespace alpha
