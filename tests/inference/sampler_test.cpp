#include "alpha/inference/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "tests/inference/allocation_count.h"
#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr std::array kLogits = {0.1F, 2.0F, 1.5F, -1.0F, 0.7F, 3.0F, 2.9F, 0.0F, 0.0F, 1.0F, 1.0F};

using Random = std::mt19937_64;

/// Normal logits; on a grid of `step`, so that there are ties.
std::vector<float> random_logits(Random& rng, std::size_t n, float step, float spread = 2) {
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = std::round(normal(rng) / step) * step;
  return logits;
}

/// Top-k, top-p and min-p by their definitions: sorted, in double. Weights by id; 0: cut off.
std::vector<double> exact_weights(const std::vector<float>& logits, const SamplingOptions& o) {
  std::vector<std::size_t> order(logits.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, [&](auto a, auto b) { return logits[a] > logits[b]; });
  const auto largest = static_cast<double>(logits[order[0]]);
  std::vector<double> weights(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((static_cast<double>(logits[i]) - largest) / o.temperature);
  }
  if (const auto k = static_cast<std::size_t>(o.top_k); k > 0 && k < logits.size()) {
    const float kth = logits[order[k - 1]];
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] < kth) weights[i] = 0;
    }
  }
  double mass = 0;
  for (const std::size_t i : order) mass += weights[i];
  double kept = 0;
  for (const std::size_t i : order) {
    const bool is_cut = kept >= o.top_p * mass && o.top_p < 1;
    kept += weights[i];
    if (is_cut) weights[i] = 0;
  }
  for (double& weight : weights) {
    if (weight < o.min_p) weight = 0;
  }
  return weights;
}

/// Draws near both ends of each token's share of [0, 1): the shares, and so the tokens that are
/// kept, are those of the definition.
void expect_exact_shares(const std::vector<float>& logits, const SamplingOptions& options) {
  const std::vector<double> weights = exact_weights(logits, options);
  double mass = 0;
  for (const double weight : weights) mass += weight;
  Sampler sampler(options, std::ssize(logits));
  double begin = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double share = weights[i] / mass;
    if (share > 1e-5) {
      ASSERT_EQ(sampler.pick(logits, begin + 0.02 * share), i);
      ASSERT_EQ(sampler.pick(logits, begin + 0.98 * share), i);
    }
    begin += share;
  }
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<TokenId> draw_tokens(Sampler& sampler, std::span<const float> logits, int n) {
  std::vector<TokenId> tokens(static_cast<std::size_t>(n));
  for (TokenId& token : tokens) token = sampler.next(logits);
  return tokens;
}

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

TEST(Sampler, FindsTheFirstMaximumWhereverItStands) {
  std::vector<float> logits(1000, -3);
  Sampler sampler({.temperature = 0}, 1000);
  for (const std::size_t place : {999U, 998U, 896U, 895U, 512U, 129U, 128U, 127U, 1U, 0U}) {
    logits[place] = 2;
    EXPECT_EQ(sampler.next(logits), place);
  }
}

TEST(Sampler, TopOneIsGreedy) {
  Sampler sampler({.temperature = 5, .top_k = 1});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sampler.next(kLogits), 5);
}

TEST(Sampler, AllTokensAndAllMassChangeNothing) {
  Random rng(1);
  for (const std::size_t n : {11U, 1000U}) {
    const std::vector<float> logits = random_logits(rng, n, 0.01F);
    Sampler plain({.temperature = 1, .top_k = 0, .seed = 3});
    Sampler wide({.temperature = 1, .top_k = 1000, .top_p = 1, .min_p = 0, .seed = 3});
    EXPECT_EQ(draw_tokens(plain, logits, 200), draw_tokens(wide, logits, 200));
  }
}

TEST(Sampler, NeutralPenaltiesAndBiasChangeNothing) {
  Sampler plain({.seed = 3}, 11);
  Sampler neutral({.repetition_penalty = 1,
                   .presence_penalty = 0,
                   .frequency_penalty = 0,
                   .seed = 3,
                   .logit_bias = {{2, 0}, {4, 0}}},
                  11);
  neutral.see_prompt(std::vector<TokenId>{1, 2, 3});
  EXPECT_EQ(draw_tokens(plain, kLogits, 200), draw_tokens(neutral, kLogits, 200));
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

TEST(Sampler, TopPTakesTheLowerIdsOfEquals) {
  for (const std::size_t n : {8U, 1000U}) {
    const std::vector<float> equal(n, 1.5F);
    Sampler sampler({.temperature = 1, .top_k = 0, .top_p = 0.25}, std::ssize(equal));
    EXPECT_EQ(sampler.pick(equal, 0), 0);
    EXPECT_EQ(sampler.pick(equal, 0x1.fffffffffffffp-1), n / 4 - 1);
  }
}

TEST(Sampler, MinPKeepsTokensOfAtLeastThisShareOfTheLikeliest) {
  const std::vector<float> logits = {0, std::log(0.5F), std::log(0.26F), std::log(0.24F)};
  Sampler sampler({.temperature = 1, .top_k = 0, .min_p = 0.25});
  EXPECT_EQ(sampler.pick(logits, 0x1.fffffffffffffp-1), 2);
  Sampler strict({.temperature = 1, .top_k = 0, .min_p = 1});
  EXPECT_EQ(strict.pick(logits, 0x1.fffffffffffffp-1), 0);
}

TEST(Sampler, KeepsWhatTheDefinitionsOfTheCutsKeep) {
  Random rng(5);
  const std::vector<SamplingOptions> cuts = {
      {.top_k = 0},
      {.top_k = 3},
      {.top_k = 40},
      {.top_k = 300},
      {.top_k = 0, .top_p = 0.3},
      {.top_k = 0, .top_p = 0.93},
      {.top_k = 0, .min_p = 0.07},
      {.top_k = 50, .top_p = 0.8},
      {.top_k = 400, .top_p = 0.95, .min_p = 0.03},
      {.top_k = 0, .top_p = 0.999},
  };
  for (const std::size_t n : {1U, 2U, 5U, 127U, 128U, 129U, 700U, 2600U}) {
    for (const float step : {0.0001F, 0.5F}) {
      const std::vector<float> logits = random_logits(rng, n, step);
      for (SamplingOptions options : cuts) {
        for (const double temperature : {0.6, 1.7}) {
          options.temperature = temperature;
          SCOPED_TRACE(testing::Message()
                       << n << " logits, steps of " << step << ", temperature " << temperature
                       << ", top-k " << options.top_k << ", top-p " << options.top_p << ", min-p "
                       << options.min_p);
          expect_exact_shares(logits, options);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(Sampler, KeepsTheTopKOfLogitsOfAnySignAndSize) {
  std::vector<float> logits;
  for (int i = 0; i < 4000; ++i) {
    const float size = std::exp2(static_cast<float>(i % 97) - 60);
    logits.push_back(i % 3 == 0 ? size : -size);
  }
  logits[17] = 0;
  logits[18] = -0.0F;
  logits[100] = -kInfinity;
  std::vector<float> sorted = logits;
  std::ranges::sort(sorted, std::greater<>());
  for (const std::int64_t k : {1, 15, 17, 1333, 1334, 1335, 2500, 3999}) {
    Sampler sampler({.temperature = 1e30, .top_k = k}, 4000);  // all that is kept weighs the same
    const float kth = sorted[static_cast<std::size_t>(k) - 1];
    const auto n_kept = std::ranges::count_if(logits, [&](float x) { return x >= kth; });
    TokenId previous = -1;
    for (std::int64_t i = 0; i < n_kept; ++i) {
      const TokenId token =
          sampler.pick(logits, (static_cast<double>(i) + 0.5) / static_cast<double>(n_kept));
      ASSERT_GE(logits[static_cast<std::size_t>(token)], kth);
      ASSERT_GT(token, previous);
      previous = token;
    }
  }
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

TEST(Sampler, DrawsEachSampleOfARequestFromItsOwnStream) {
  Sampler first({.temperature = 2, .seed = 5, .sample_index = 0});
  Sampler second({.temperature = 2, .seed = 5, .sample_index = 1});
  EXPECT_NE(draw_tokens(first, kLogits, 50), draw_tokens(second, kLogits, 50));
}

TEST(Sampler, DrawsByPositionWhateverCameBefore) {
  Sampler whole({.temperature = 2, .seed = 9}, 11);
  const std::vector<TokenId> tokens = draw_tokens(whole, kLogits, 20);
  Sampler resumed({.temperature = 2, .seed = 9}, 11);
  for (int i = 0; i < 12; ++i) resumed.accept(0);
  for (std::size_t i = 12; i < tokens.size(); ++i) EXPECT_EQ(resumed.next(kLogits), tokens[i]);
}

TEST(Sampler, StartsAnewAfterAReset) {
  const SamplingOptions options{.temperature = 1,
                                .repetition_penalty = 1.3,
                                .presence_penalty = 1,
                                .frequency_penalty = 0.5,
                                .seed = 4};
  Sampler used({.temperature = 3, .logit_bias = {{1, 5}}, .banned = {2}}, 11);
  used.see_prompt(std::vector<TokenId>{5, 6});
  draw_tokens(used, kLogits, 30);
  used.reset(options);
  Sampler fresh(options, 11);
  EXPECT_EQ(draw_tokens(used, kLogits, 50), draw_tokens(fresh, kLogits, 50));
}

TEST(Sampler, NeverDrawsWhatIsBanned) {
  Sampler sampler({.temperature = 3, .top_k = 0, .logit_bias = {{5, 100}}, .banned = {6, 5, 6}});
  for (int i = 0; i < 500; ++i) {
    const TokenId token = sampler.next(kLogits);
    EXPECT_TRUE(token != 5 && token != 6);
  }
  Sampler greedy({.temperature = 0, .banned = {5}});
  EXPECT_EQ(greedy.next(kLogits), 6);
}

TEST(Sampler, DrawsNoTokenOfLogitMinusInfinityAtAnyTemperature) {
  const std::vector<float> logits = {-kInfinity, 1, -kInfinity, 0, -kInfinity};
  for (const double temperature : {1e-300, 0.5, 1.0, 1e300}) {
    for (const std::int64_t k : {0, 2, 4}) {
      Sampler sampler({.temperature = temperature, .top_k = k});
      for (const double u : {0.0, 0.3, 0.6, 0x1.fffffffffffffp-1}) {
        const TokenId token = sampler.pick(logits, u);
        EXPECT_TRUE(token == 1 || token == 3) << temperature << " " << k << " " << u;
      }
    }
  }
}

TEST(Sampler, GivesEachTokenTheDrawsFromItsShareOn) {
  const std::vector<float> equal(4, 1);
  Sampler sampler({.temperature = 1, .top_k = 0});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sampler.pick(equal, 0.25 * i), i);
}

TEST(Sampler, AddsTheBias) {
  Sampler sampler({.temperature = 0, .logit_bias = {{0, 2.8}, {3, 3.95}, {7, 2.9}}});
  EXPECT_EQ(sampler.next(kLogits), 5);
  sampler.reset({.temperature = 0, .logit_bias = {{3, 4.05}}});
  EXPECT_EQ(sampler.next(kLogits), 3);
}

TEST(Sampler, PenalizesRepetitionOfPromptAndOutput) {
  const std::vector<float> logits = {-1, 2, 1.9F};
  Sampler sampler({.temperature = 0, .repetition_penalty = 1.5}, 3);
  EXPECT_EQ(sampler.next(logits), 1);  // 2, then 1.33
  EXPECT_EQ(sampler.next(logits), 2);  // 1.9, then 1.27
  EXPECT_EQ(sampler.next(logits), 1);
  sampler.reset({.temperature = 0, .repetition_penalty = 1.5});
  sampler.see_prompt(std::vector<TokenId>{1, 1, 1});
  EXPECT_EQ(sampler.next(logits), 2);
  const std::vector<float> negative = {-1, -1.4F, -3};
  sampler.reset({.temperature = 0, .repetition_penalty = 1.5});
  sampler.see_prompt(std::vector<TokenId>{0});
  EXPECT_EQ(sampler.next(negative), 1);
}

TEST(Sampler, PenalizesPresenceAndFrequencyOfTheOutputAlone) {
  const std::vector<float> logits = {3, 2.2F, -1};
  Sampler sampler({.temperature = 0, .presence_penalty = 1}, 3);
  sampler.see_prompt(std::vector<TokenId>{0, 0, 0});
  for (const TokenId expected : {0, 1, 0, 0}) EXPECT_EQ(sampler.next(logits), expected);
  sampler.reset({.temperature = 0, .frequency_penalty = 0.5});
  sampler.see_prompt(std::vector<TokenId>{0, 0, 0});
  for (const TokenId expected : {0, 0, 1, 0, 1}) EXPECT_EQ(sampler.next(logits), expected);
  sampler.reset({.temperature = 0, .presence_penalty = -1});
  sampler.accept(1);
  EXPECT_EQ(sampler.next(logits), 1);
}

TEST(Sampler, AllocatesNothingOnceItKnowsTheVocabulary) {
  Random rng(3);
  constexpr std::int64_t kVocabSize = 3000;
  const std::vector<float> logits = random_logits(rng, kVocabSize, 0.25F);
  const std::vector<TokenId> prompt = {1, 5, 2999, 5};
  Sampler sampler({}, kVocabSize);
  std::vector<SamplingOptions> requests = {
      {.temperature = 0},
      {.top_k = 0},
      {.top_k = 20},
      {.top_k = 2000, .top_p = 0.9},
      {.top_k = 0, .top_p = 0.95, .min_p = 0.001},
      {.repetition_penalty = 1.2,
       .presence_penalty = 0.5,
       .frequency_penalty = 0.5,
       .logit_bias = {{3, 1.5}},
       .banned = {4, 5}},
  };
  const std::size_t before = test::n_allocations();
  for (SamplingOptions& request : requests) {
    sampler.reset(std::move(request));
    sampler.see_prompt(prompt);
    for (int i = 0; i < 20; ++i) sampler.next(logits);
  }
  EXPECT_EQ(test::n_allocations() - before, 0U);
}

TEST(Sampler, IsGreedyAtTemperaturesTooSmallForAFloat) {
  Sampler sampler({.temperature = 1e-46, .top_k = 3, .top_p = 0.9});
  for (int i = 0; i < 20; ++i) EXPECT_EQ(sampler.next(kLogits), 5);
}

TEST(Sampler, RefusesLogitsThatAreNotNumbers) {
  Sampler sampler({});
  std::vector<float> logits(400, -kInfinity);
  EXPECT_EQ(message_of([&] { sampler.next(logits); }),
            "the largest of 400 logits is -inf, expected a finite number");
  logits[3] = 1;
  logits[399] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message_of([&] { sampler.next(logits); }),
            "logit 399 of 400 is NaN, expected a number");
  logits[399] = kInfinity;
  EXPECT_EQ(message_of([&] { sampler.next(logits); }),
            "the largest of 400 logits is inf, expected a finite number");
  logits[399] = 0;
  EXPECT_EQ(sampler.pick(logits, 0), 3);
}

TEST(Sampler, SaysWhenNothingIsLeftToDraw) {
  const std::vector<float> logits = {1, -kInfinity, 2};
  Sampler sampler({.banned = {0, 2}});
  EXPECT_EQ(message_of([&] { sampler.next(logits); }),
            "no token can be drawn: 2 are banned and the other logits are -infinity");
  EXPECT_EQ(message_of([&] {
              Sampler({.banned = {2, 0, 1, 0}}, 3);
            }),
            "all 3 tokens are banned, expected at least one that may be drawn");
}

TEST(Sampler, RefusesAnotherNumberOfLogits) {
  Sampler sampler({}, 12);
  EXPECT_EQ(message_of([&] { sampler.next(kLogits); }), "[sampler] got 11 logits, expected 12");
}

TEST(Sampler, RefusesTokensOutsideTheVocabulary) {
  Sampler sampler({}, 11);
  EXPECT_EQ(message_of([&] {
              sampler.see_prompt(std::vector<TokenId>{3, 11});
            }),
            "[sampler] the text names token 11, expected 0 to 10");
  EXPECT_THROW(sampler.accept(-1), Error);
  EXPECT_THROW(Sampler({}).accept(0), Error);
}

TEST(Sampler, StaysAsItWasWhenAResetIsRefused) {
  Sampler sampler({.temperature = 2}, 11);
  Sampler same({.temperature = 2}, 11);
  EXPECT_THROW(sampler.reset({.temperature = kNan}), Error);
  EXPECT_THROW(sampler.reset({.banned = {11}}), Error);
  EXPECT_EQ(draw_tokens(sampler, kLogits, 20), draw_tokens(same, kLogits, 20));
}

TEST(SamplingOptions, RefusesNumbersOutsideTheirRange) {
  const std::vector<std::pair<SamplingOptions, std::string>> cases = {
      {{.temperature = kNan}, "temperature is nan, expected a finite number (0 or less is greedy)"},
      {{.temperature = HUGE_VAL},
       "temperature is inf, expected a finite number (0 or less is greedy)"},
      {{.top_k = -1}, "top-k is -1, expected 0 (all) or more"},
      {{.top_p = 0}, "top-p is 0, expected 0 < p <= 1"},
      {{.top_p = 1.5}, "top-p is 1.5, expected 0 < p <= 1"},
      {{.top_p = kNan}, "top-p is nan, expected 0 < p <= 1"},
      {{.min_p = -0.1}, "min-p is -0.1, expected 0 <= p <= 1"},
      {{.min_p = 1.01}, "min-p is 1.01, expected 0 <= p <= 1"},
      {{.min_p = kNan}, "min-p is nan, expected 0 <= p <= 1"},
      {{.repetition_penalty = 0},
       "repetition penalty is 0, expected 0 < penalty <= 100 (1 is none)"},
      {{.repetition_penalty = kNan},
       "repetition penalty is nan, expected 0 < penalty <= 100 (1 is none)"},
      {{.presence_penalty = 2.1}, "presence penalty is 2.1, expected a number from -2 to 2"},
      {{.frequency_penalty = -2.1}, "frequency penalty is -2.1, expected a number from -2 to 2"},
      {{.frequency_penalty = kNan}, "frequency penalty is nan, expected a number from -2 to 2"},
      {{.logit_bias = {{7, 100.5}}},
       "the logit bias of token 7 is 100.5, expected a number from -100 to 100"},
      {{.logit_bias = {{7, 1}, {7, 2}}},
       "logit bias 1 is for token 7, expected one above 7: ids ascend"},
      {{.logit_bias = {{50, 1}}}, "logit bias names token 50, expected 0 to 49"},
      {{.logit_bias = {{-1, 1}}}, "logit bias names token -1, expected 0 to 49"},
      {{.banned = {3, 50}}, "a ban names token 50, expected 0 to 49"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(message_of([&] { c.first.validate(50); }), c.second);
  }
  EXPECT_NO_THROW(SamplingOptions().validate(50));
}

}  // namespace
}  // namespace alpha
