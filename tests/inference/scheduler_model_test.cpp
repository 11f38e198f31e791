// The batch-invariance contract with a real model: schedules of many kinds, for every format.

#include <gtest/gtest.h>

#include "alpha/backends/backends.h"
#include "alpha/inference/generate.h"
#include "alpha/tensor/create.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz ,.;:!?-'\n";

GptConfig tiny(std::int64_t vocab_size) {
  GptConfig config = gpt_preset("gpt2");
  config.vocab_size = vocab_size;
  config.block_size = 64;
  config.n_layer = 2;
  config.n_embd = 32;
  config.n_head = 2;
  return config;
}

/// What is compared: everything a client sees.
struct Seen {
  std::vector<TokenId> tokens;
  std::string text;
  std::vector<double> log_probs;
  StopReason stop_reason = StopReason::length;

  void receive(const TokenEvent& event) {
    text += event.text;
    if (event.kind == EventKind::token) tokens.push_back(event.token);
    if (event.has_log_probs) log_probs.push_back(event.log_probs.chosen.log_prob);
    if (event.kind == EventKind::end) stop_reason = event.stop_reason;
  }

  bool operator==(const Seen&) const = default;
};

class SchedulerModel : public testing::TestWithParam<std::string_view> {
 protected:
  std::shared_ptr<const Weights> load(Backend& backend) const {
    const GptConfig config = tiny(tokenizer_->vocab_size());
    Parameters parameters(backend, gpt_parameters(config));
    initialize(backend, config, parameters, 3);
    std::vector<float> values = to_floats(backend, parameters.values());
    for (float& value : values) value *= 8;  // sharp enough for greedy texts to differ
    backend.upload(values.data(), parameters.values());
    return pack_weights(backend, config, tokenizer_, parameters, parse_weight_format(GetParam()));
  }

  GenerateRequest request(std::uint64_t i) const {
    const CounterRng rng(11, i);
    // Half of the prompts begin alike, with more than two blocks.
    std::string prompt = i % 2 == 0 ? "it is a truth, universally acknowledged, that a" : "";
    const std::uint64_t n = 1 + rng.bits(0) % 14;
    for (std::uint64_t c = 0; c < n; ++c) prompt += kAlphabet[rng.bits(1 + c) % kAlphabet.size()];
    GenerateRequest made{.prompt = encode_prompt(*tokenizer_, prompt),
                         .max_tokens = 1 + static_cast<std::int64_t>(rng.bits(100) % 20)};
    made.sampling.seed = rng.bits(101);
    made.sampling.temperature = i % 3 == 0 ? 0 : 1;
    made.is_sliding = i % 5 == 0;
    made.log_probs = 2;
    return made;
  }

  Seen alone(Generator& generator, std::uint64_t i) const {
    Seen seen;
    generator.run(request(i), [&](const TokenEvent& event) {
      seen.receive(event);
      return true;
    });
    return seen;
  }

  std::shared_ptr<const Tokenizer> tokenizer_ = train_tokenizer("char", std::string(kAlphabet));
  SystemClock clock_;
};

TEST_P(SchedulerModel, GivesARequestTheSameBytesInEverySchedule) {
  constexpr std::uint64_t kRequests = 24;
  const auto one_thread = make_backend("cpu", 1);
  const auto two_threads = make_backend("cpu", 2);
  const auto weights = load(*one_thread);
  const auto same_weights = load(*two_threads);
  std::vector<Seen> expected;
  Generator generator(*one_thread, weights);
  for (std::uint64_t i = 0; i < kRequests; ++i) expected.push_back(alone(generator, i));

  std::int64_t n_cached = 0;
  std::int64_t n_preemptions = 0;
  for (std::uint64_t schedule = 0; schedule < 120; ++schedule) {
    const CounterRng dice(5, schedule);
    const bool is_scarce = schedule % 3 == 0;
    GptRunner runner(*(schedule % 2 == 0 ? one_thread : two_threads),
                     schedule % 2 == 0 ? weights : same_weights,
                     {.n_blocks = is_scarce ? 9 : 100, .max_step_rows = 64});
    SchedulerCore core(runner, *tokenizer_,
                       {.max_sessions = 1 + static_cast<std::int64_t>(dice.bits(0) % 24),
                        .max_step_rows = 24 + static_cast<std::int64_t>(dice.bits(1) % 40),
                        .prefill_chunk = 1 + static_cast<std::int64_t>(dice.bits(2) % 24)},
                       clock_);
    std::vector<std::unique_ptr<Completion>> completions(kRequests);
    std::vector<Seen> seen(kRequests);
    std::uint64_t next = 0;
    std::uint64_t throw_of = 10;
    TokenEvent event;
    for (bool is_busy = false; is_busy || next < kRequests; is_busy = core.run_step()) {
      while (next < kRequests && dice.bits(throw_of++) % 3 != 0) {
        const std::uint64_t i = (next * 7 + schedule) % kRequests;
        completions[i] = core.submit(request(i));
        ++next;
      }
    }
    for (std::uint64_t i = 0; i < kRequests; ++i) {
      while (completions[i]->try_next(event)) seen[i].receive(event);
      ASSERT_EQ(seen[i].text, expected[i].text) << "request " << i << ", schedule " << schedule;
      ASSERT_TRUE(seen[i] == expected[i]) << "request " << i << ", schedule " << schedule;
    }
    n_cached += core.stats().n_cached_tokens;
    n_preemptions += core.stats().n_preemptions;
  }
  EXPECT_GT(n_cached, 0);
  EXPECT_GT(n_preemptions, 0);
}

TEST_P(SchedulerModel, GivesTheSameBytesBesideSixtyThreeOthers) {
  const auto backend = make_backend("cpu", 2);
  const auto weights = load(*backend);
  Generator generator(*backend, weights);
  const Seen expected = alone(generator, 17);
  GptRunner runner(*backend, weights, {.n_blocks = 64 * 5, .max_step_rows = 128});
  SchedulerCore core(runner, *tokenizer_, {.max_sessions = 64}, clock_);
  std::vector<std::unique_ptr<Completion>> others;
  for (std::uint64_t i = 100; i < 163; ++i) others.push_back(core.submit(request(i)));
  const auto completion = core.submit(request(17));
  while (core.run_step()) {
  }
  Seen seen;
  TokenEvent event;
  while (completion->try_next(event)) seen.receive(event);
  EXPECT_EQ(seen.text, expected.text);
  EXPECT_TRUE(seen == expected);
}

INSTANTIATE_TEST_SUITE_P(Formats, SchedulerModel, testing::ValuesIn(weight_format_names()),
                         [](const auto& format) { return std::string(format.param); });

}  // namespace
}  // namespace alpha
