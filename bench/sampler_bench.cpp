// From logits to a token, and to log-probabilities, on one thread: a vocabulary of GPT-2's size and
// one of 4,096. Logits are normal: "peaked" as those of a model that is rather sure, "flat" as of
// one that knows nothing.
//
//   sampler_bench --benchmark_repetitions=9 --benchmark_report_aggregates_only

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "alpha/core/rng.h"
#include "alpha/inference/sampler.h"
#include "alpha/inference/token_log_probs.h"

namespace {

using alpha::SamplingOptions;
using alpha::TokenId;

struct Case {
  const char* name;
  SamplingOptions options;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kAll = {
      {"greedy", {.temperature = 0}},
      {"temperature", {.top_k = 0}},
      {"top_k_40", {.top_k = 40}},
      {"top_k_1000", {.top_k = 1000}},
      {"top_k_40_top_p", {.top_k = 40, .top_p = 0.95}},
      {"top_p", {.top_k = 0, .top_p = 0.95}},
      {"min_p", {.top_k = 0, .min_p = 0.05}},
      {"top_p_min_p", {.top_k = 0, .top_p = 0.95, .min_p = 0.05}},
      {"penalties_top_k_40",
       {.top_k = 40,
        .repetition_penalty = 1.1,
        .presence_penalty = 0.5,
        .frequency_penalty = 0.5,
        .logit_bias = {{50, -2}, {60, 3}},
        .banned = {0}}},
  };
  return kAll;
}

std::vector<float> normal_logits(std::int64_t n, double spread) {
  const alpha::CounterRng rng(1, 0);
  std::vector<float> logits(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(spread * rng.gauss(i));
  }
  return logits;
}

/// A text of 256 tokens before, so that penalties have something to do.
void run_sampler(benchmark::State& state, const Case& c, std::int64_t vocab_size, double spread) {
  const std::vector<float> logits = normal_logits(vocab_size, spread);
  std::vector<TokenId> prompt;
  for (TokenId i = 0; i < 256; ++i) {
    prompt.push_back(i * 16 % static_cast<TokenId>(vocab_size));
  }
  alpha::Sampler sampler(c.options, vocab_size);
  sampler.see_prompt(prompt);
  const alpha::CounterRng rng(2, 0);
  std::uint64_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sampler.pick(logits, rng.uniform(n++)));
}

void run_log_probs(benchmark::State& state, std::int64_t vocab_size, std::int64_t n_top) {
  const std::vector<float> logits = normal_logits(vocab_size, 3);
  alpha::TokenLogProbs result;
  for (auto _ : state) {
    alpha::token_log_probs(logits, 7, n_top, result);
    benchmark::DoNotOptimize(result.top.data());
  }
}

const int kRegistered = [] {
  struct Shape {
    const char* name;
    std::int64_t vocab_size;
    double spread;
  };
  constexpr std::array kShapes = {Shape{"50257_peaked", 50257, 3}, Shape{"50257_flat", 50257, 0.5},
                                  Shape{"4096_peaked", 4096, 3}};
  for (const Shape& shape : kShapes) {
    for (const Case& c : cases()) {
      benchmark::RegisterBenchmark((std::string(c.name) + "/" + shape.name).c_str(), run_sampler, c,
                                   shape.vocab_size, shape.spread);
    }
  }
  for (const std::int64_t n_top : {0, 5, 20}) {
    benchmark::RegisterBenchmark(("log_probs_" + std::to_string(n_top) + "/50257").c_str(),
                                 run_log_probs, 50257, n_top);
  }
  return 0;
}();

}  // namespace
