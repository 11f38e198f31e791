#include "alpha/inference/sampler.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

const std::vector<float> kLogits = {0.1F, 2, 1.5F, -1, 0.7F, 3, 2.9F, 0, 0, 1, 1};

TEST(Sampler, DrawsTheOriginalsTokensFromItsRandomNumbers) {
  Sampler sampler({.temperature = 0.8, .top_k = 4});
  SeededRng rng(7);
  for (const TokenId expected : {6, 6, 6, 5, 5, 5, 5, 6, 5, 2, 1, 5}) {
    EXPECT_EQ(sampler.pick(kLogits, rng.next()), expected);
  }
}

TEST(Sampler, IsGreedyAtTemperatureZeroAndBelowAndTakesTheFirstOfEquals) {
  Sampler zero({.temperature = 0});
  Sampler negative({.temperature = -1});
  const std::vector<float> tied = {1, 3, 3, 2};
  EXPECT_EQ(zero.next(tied), 1);
  EXPECT_EQ(negative.next(tied), 1);
}

TEST(Sampler, TopOneIsGreedy) {
  Sampler sampler({.temperature = 5, .top_k = 1});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sampler.next(kLogits), 5);
}

TEST(Sampler, AllTokensAndAllMassChangeNothing) {
  Sampler plain({.temperature = 1, .top_k = 0, .top_p = 1, .seed = 3});
  Sampler wide({.temperature = 1, .top_k = 1000, .top_p = 1, .seed = 3});
  for (int i = 0; i < 200; ++i) EXPECT_EQ(plain.next(kLogits), wide.next(kLogits));
}

TEST(Sampler, KeepsEveryTokenTiedWithTheKth) {
  Sampler sampler({.temperature = 1, .top_k = 2});
  const std::vector<float> tied = {1, 5, 1, 1};
  bool seen[4] = {};
  for (int i = 0; i < 2000; ++i) seen[sampler.next(tied)] = true;
  EXPECT_TRUE(seen[0] && seen[1] && seen[2] && seen[3]);
}

TEST(Sampler, TopPKeepsTheShortestPrefixThatHoldsTheMass) {
  // Probabilities 0.5, 0.3, 0.15, 0.05.
  const std::vector<float> logits = {std::log(0.15F), std::log(0.5F), std::log(0.05F),
                                     std::log(0.3F)};
  Sampler sampler({.temperature = 1, .top_k = 0, .top_p = 0.75});
  for (int i = 0; i < 500; ++i) {
    const TokenId id = sampler.next(logits);
    EXPECT_TRUE(id == 1 || id == 3);
  }
  Sampler narrow({.temperature = 1, .top_k = 0, .top_p = 1e-9});
  EXPECT_EQ(narrow.next(logits), 1);
}

TEST(Sampler, FollowsTheExactDistribution) {
  Sampler sampler({.temperature = 0.7, .top_k = 0, .seed = 11});
  constexpr int kN = 60000;
  std::vector<int> counts(kLogits.size());
  for (int i = 0; i < kN; ++i) ++counts[static_cast<std::size_t>(sampler.next(kLogits))];
  double total = 0;
  for (const float logit : kLogits) total += std::exp(static_cast<double>(logit) / 0.7);
  double chi_square = 0;
  for (std::size_t i = 0; i < kLogits.size(); ++i) {
    const double expected = kN * std::exp(static_cast<double>(kLogits[i]) / 0.7) / total;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  EXPECT_LT(chi_square, 29.6);  // 10 degrees of freedom, p = 0.001
}

TEST(Sampler, RepeatsItselfForASeed) {
  Sampler a({.seed = 5});
  Sampler b({.seed = 5});
  Sampler c({.seed = 6});
  int n_equal = 0;
  for (int i = 0; i < 200; ++i) {
    const TokenId id = a.next(kLogits);
    EXPECT_EQ(id, b.next(kLogits));
    n_equal += id == c.next(kLogits) ? 1 : 0;
  }
  EXPECT_LT(n_equal, 150);
}

TEST(Sampler, IsGreedyAtTemperaturesTooSmallForAFloat) {
  Sampler sampler({.temperature = 1e-46, .top_k = 3, .top_p = 0.9});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(sampler.next(kLogits), 5);
}

TEST(Sampler, RefusesLogitsThatAreNotFinite) {
  Sampler sampler({});
  const std::vector<float> broken(4, -std::numeric_limits<float>::infinity());
  EXPECT_THROW(sampler.next(broken), Error);
}

TEST(Sampler, RefusesImpossibleOptions) {
  EXPECT_THROW(Sampler({.temperature = std::numeric_limits<double>::quiet_NaN()}), Error);
  EXPECT_THROW(Sampler({.top_k = -1}), Error);
  EXPECT_THROW(Sampler({.top_p = 0}), Error);
  EXPECT_THROW(Sampler({.top_p = 1.5}), Error);
}

}  // namespace
}  // namespace alpha
