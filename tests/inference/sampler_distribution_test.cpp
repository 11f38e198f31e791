#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/inference/sampler.h"

namespace alpha {
namespace {

// Draws against the exact distribution, which is computed here by other means: sorted, in double.
// Seeds are fixed, so a test that passes passes always.

constexpr int kN = 60000;
constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

constexpr std::array kLogits = {0.1F, 2.0F, 1.5F, -1.0F, 0.7F, 3.0F, 2.9F, 0.0F, 0.0F, 1.0F, 1.0F};

std::vector<double> to_doubles(std::span<const float> logits) {
  return {logits.begin(), logits.end()};
}

std::vector<double> softmax(std::vector<double> logits, double temperature) {
  const double largest = std::ranges::max(logits);
  double sum = 0;
  for (double& x : logits) sum += x = std::exp((x - largest) / temperature);
  for (double& x : logits) x /= sum;
  return logits;
}

/// Probabilities of the `n` likeliest tokens (lower id first among equals), as a distribution.
std::vector<double> keep_likeliest(std::vector<double> p, std::size_t n) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return p[a] > p[b]; });
  for (std::size_t i = n; i < order.size(); ++i) p[order[i]] = 0;
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

/// The chi-square value that comes by chance once in a thousand (Wilson and Hilferty, 1931).
double chi_square_limit(double degrees) {
  const double spread = 2 / (9 * degrees);
  return degrees * std::pow(1 - spread + 3.0902 * std::sqrt(spread), 3);
}

/// Expects that counts of kN draws come from `p`; what has probability 0 is never drawn.
void expect_distribution(const std::vector<int>& counts, const std::vector<double>& p) {
  double chi_square = 0;
  int n_possible = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) {
      EXPECT_EQ(counts[i], 0) << "token " << i;
      continue;
    }
    const double expected = kN * p[i];
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    ++n_possible;
  }
  ASSERT_GT(n_possible, 1);
  EXPECT_LT(chi_square, chi_square_limit(n_possible - 1));
}

/// Of kN tokens, each the first of its output.
std::vector<int> count_draws(const SamplingOptions& options, std::span<const float> logits) {
  Sampler sampler(options, std::ssize(logits));
  std::vector<int> counts(logits.size());
  for (int i = 0; i < kN; ++i) ++counts[static_cast<std::size_t>(sampler.next(logits))];
  return counts;
}

TEST(SamplerDistribution, IsSoftmaxAtEachTemperature) {
  for (const double temperature : {0.7, 1.0, 2.5}) {
    const SamplingOptions options{.temperature = temperature, .top_k = 0, .seed = 11};
    expect_distribution(count_draws(options, kLogits), softmax(to_doubles(kLogits), temperature));
  }
}

TEST(SamplerDistribution, IsSoftmaxOverAVocabularyOfManyGroups) {
  std::vector<float> logits(700);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>((i * 37) % 101) * 0.02F;
  }
  const SamplingOptions options{.temperature = 1, .top_k = 0, .seed = 2};
  expect_distribution(count_draws(options, logits), softmax(to_doubles(logits), 1));
}

TEST(SamplerDistribution, OfTopKIsThatOfTheLikeliest) {
  const std::vector<double> p = softmax(to_doubles(kLogits), 1);
  expect_distribution(count_draws({.temperature = 1, .top_k = 4, .seed = 1}, kLogits),
                      keep_likeliest(p, 4));
  // The 5th and 6th are tied: both stay.
  const std::vector<float> tied = {0, 1, 4, 3, 2, 2.5F, 1, 0, -1};
  expect_distribution(count_draws({.temperature = 1, .top_k = 5, .seed = 1}, tied),
                      keep_likeliest(softmax(to_doubles(tied), 1), 6));
}

TEST(SamplerDistribution, OfTopPIsThatOfTheNucleus) {
  const std::vector<double> p = softmax(to_doubles(kLogits), 1);
  std::vector<double> sorted = p;
  std::ranges::sort(sorted, std::greater<>());
  for (const double top_p : {0.5, 0.8, 0.95}) {
    std::size_t n = 0;
    for (double mass = 0; mass < top_p; ++n) mass += sorted[n];
    expect_distribution(
        count_draws({.temperature = 1, .top_k = 0, .top_p = top_p, .seed = 8}, kLogits),
        keep_likeliest(p, n));
  }
}

TEST(SamplerDistribution, OfMinPIsThatOfTokensLikelyEnough) {
  const std::vector<double> p = softmax(to_doubles(kLogits), 1.5);
  const double least = 0.2 * std::ranges::max(p);
  const auto n = std::ranges::count_if(p, [&](double x) { return x >= least; });
  expect_distribution(
      count_draws({.temperature = 1.5, .top_k = 0, .min_p = 0.2, .seed = 4}, kLogits),
      keep_likeliest(p, static_cast<std::size_t>(n)));
}

TEST(SamplerDistribution, OfAllCutsTogetherIsTheirProductInOrder) {
  // Top-p counts the mass of what top-k left; min-p cuts after both.
  const std::vector<double> p = keep_likeliest(softmax(to_doubles(kLogits), 1), 5);
  // Of the five: 0.39, 0.35, 0.14, 0.09 and 0.04 or so. Top-p 0.9 keeps four, min-p 0.3 three.
  std::vector<double> sorted = p;
  std::ranges::sort(sorted, std::greater<>());
  std::size_t n = 0;
  for (double mass = 0; mass < 0.9; ++n) mass += sorted[n];
  while (sorted[n - 1] < 0.3 * sorted[0]) --n;
  const SamplingOptions options{
      .temperature = 1, .top_k = 4, .top_p = 0.9, .min_p = 0.3, .seed = 13};
  expect_distribution(count_draws(options, kLogits), keep_likeliest(p, n));
}

TEST(SamplerDistribution, OfBiasAndBansIsThatOfTheChangedLogits) {
  std::vector<double> changed = to_doubles(kLogits);
  changed[0] += 2.5;
  changed[5] -= 1.25;
  changed[6] = kMinusInfinity;
  const SamplingOptions options{.temperature = 1.2,
                                .top_k = 0,
                                .seed = 21,
                                .logit_bias = {{0, 2.5}, {5, -1.25}, {6, 50}},
                                .banned = {6}};
  expect_distribution(count_draws(options, kLogits), softmax(changed, 1.2));
}

TEST(SamplerDistribution, OfPenaltiesIsThatOfTheChangedLogits) {
  const SamplingOptions options{.temperature = 0.9,
                                .top_k = 0,
                                .repetition_penalty = 1.4,
                                .presence_penalty = 0.3,
                                .frequency_penalty = 0.2,
                                .logit_bias = {{3, 0.5}}};
  const std::vector<TokenId> prompt = {3, 5, 5};
  const std::vector<TokenId> output = {6, 6, 6, 1, 3};
  std::vector<double> changed = to_doubles(kLogits);
  changed[3] = (changed[3] + 0.5) * 1.4 - 0.2 - 0.3;  // negative, in both
  changed[5] /= 1.4;                                  // in the prompt alone
  changed[6] = changed[6] / 1.4 - 3 * 0.2 - 0.3;
  changed[1] = changed[1] / 1.4 - 0.2 - 0.3;
  Sampler sampler(options, std::ssize(kLogits));
  sampler.see_prompt(prompt);
  for (const TokenId token : output) sampler.accept(token);
  const CounterRng rng(17, 0);
  std::vector<int> counts(kLogits.size());
  for (int i = 0; i < kN; ++i) {
    const double u = rng.uniform(static_cast<std::uint64_t>(i));
    ++counts[static_cast<std::size_t>(sampler.pick(kLogits, u))];
  }
  expect_distribution(counts, softmax(changed, 0.9));
}

}  // namespace
}  // namespace alpha
