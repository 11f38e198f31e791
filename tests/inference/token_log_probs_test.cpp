#include "alpha/inference/token_log_probs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> random_logits(std::size_t n, float step) {
  std::mt19937_64 rng(n);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = std::round(normal(rng) / step) * step;
  return logits;
}

/// All tokens by their definition, in double, sorted.
std::vector<TokenLogProb> exact(const std::vector<float>& logits) {
  const auto largest = static_cast<double>(std::ranges::max(logits));
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  std::vector<TokenLogProb> all;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    all.push_back({.token = static_cast<TokenId>(i),
                   .log_prob = static_cast<double>(logits[i]) - largest - std::log(sum)});
  }
  std::ranges::stable_sort(all,
                           [](const auto& a, const auto& b) { return a.log_prob > b.log_prob; });
  return all;
}

TEST(TokenLogProbs, AreTheLogSoftmaxOfTheLikeliestAndTheChosenToken) {
  TokenLogProbs result;
  for (const std::size_t n : {1U, 2U, 20U, 128U, 129U, 4096U, 4097U, 10000U}) {
    for (const float step : {0.001F, 1.0F}) {
      const std::vector<float> logits = random_logits(n, step);
      const std::vector<TokenLogProb> expected = exact(logits);
      for (const std::int64_t n_top : {0, 1, 5, 20, 200}) {
        const auto chosen = static_cast<TokenId>(n / 3);
        token_log_probs(logits, chosen, n_top, result);
        ASSERT_EQ(result.top.size(), std::min(n, static_cast<std::size_t>(n_top)));
        for (std::size_t i = 0; i < result.top.size(); ++i) {
          ASSERT_EQ(result.top[i].token, expected[i].token) << n << " " << step << " " << i;
          ASSERT_NEAR(result.top[i].log_prob, expected[i].log_prob, 1e-7);
        }
        const auto same = std::ranges::find(expected, chosen, &TokenLogProb::token);
        EXPECT_EQ(result.chosen.token, chosen);
        EXPECT_NEAR(result.chosen.log_prob, same->log_prob, 1e-7);
        EXPECT_EQ(token_log_prob(logits, chosen), result.chosen.log_prob);
      }
    }
  }
}

TEST(TokenLogProbs, TakeTheLowerIdsOfEqualsFirst) {
  std::vector<float> logits(600, 0);
  logits[500] = 1;
  TokenLogProbs result;
  token_log_probs(logits, 0, 4, result);
  std::vector<TokenId> tokens;
  for (const TokenLogProb& t : result.top) tokens.push_back(t.token);
  EXPECT_EQ(tokens, (std::vector<TokenId>{500, 0, 1, 2}));
}

TEST(TokenLogProbs, AreMinusInfinityForATokenThatCannotCome) {
  const std::vector<float> logits = {2, -kInfinity, 2};
  TokenLogProbs result;
  token_log_probs(logits, 1, 3, result);
  EXPECT_EQ(result.chosen.log_prob, -kInfinity);
  EXPECT_EQ(result.top[2], result.chosen);
  EXPECT_NEAR(result.top[0].log_prob, -std::log(2.0), 1e-12);
}

TEST(TokenLogProbs, AreRightForLogitsOfAnySize) {
  const std::vector<float> huge = {3e38F, 3e38F, -3e38F};
  EXPECT_NEAR(token_log_prob(huge, 1), -std::log(2.0), 1e-12);
  EXPECT_EQ(token_log_prob(std::vector<float>{-2000, 0}, 0), -2000);
}

TEST(TokenLogProbs, RefuseWhatIsNoDistribution) {
  TokenLogProbs result;
  const std::vector<float> nothing(3, -kInfinity);
  EXPECT_THROW(token_log_probs(nothing, 0, 1, result), Error);
  std::vector<float> logits(5000, 0);
  EXPECT_THROW(token_log_probs(logits, 5000, 1, result), Error);
  EXPECT_THROW(token_log_probs(logits, -1, 1, result), Error);
  EXPECT_THROW(token_log_probs(logits, 0, -1, result), Error);
  logits[4999] = std::numeric_limits<float>::quiet_NaN();
  try {
    token_log_probs(logits, 0, 1, result);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_STREQ(error.what(), "logit 4999 of 5000 is NaN, expected a number");
  }
}

TEST(TokenLogProbs, ReuseTheMemoryOfTheResult) {
  const std::vector<float> logits = random_logits(1000, 0.1F);
  TokenLogProbs result;
  token_log_probs(logits, 0, 20, result);
  const TokenLogProb* memory = result.top.data();
  token_log_probs(random_logits(999, 0.1F), 1, 20, result);
  EXPECT_EQ(result.top.data(), memory);
}

}  // namespace
}  // namespace alpha
