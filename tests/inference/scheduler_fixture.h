#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/inference/expected_samples.h"
#include <gtest/gtest.h>

#include "alpha/inference/scheduler_core.h"

namespace alpha::test {

class FakeClock final : public Clock {
 public:
  double seconds() const override { return now; }

  double cpu_seconds() const override { return now; }

  std::int64_t unix_ms() const override { return 0; }

  double now = 0;
};

inline std::vector<TokenId> prompt_of(std::int64_t n, TokenId first = 3) {
  std::vector<TokenId> prompt(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    prompt[i] = static_cast<TokenId>((static_cast<std::size_t>(first) + i * i) % 20);
  }
  return prompt;
}

/// A scheduler without a thread, over a model and a clock of the test's own.
class SchedulerTest : public testing::Test {
 public:
  void make(const SchedulerOptions& options = {.max_sessions = 8},
            const FakeRunnerOptions& model = {}) {
    core.reset();
    runner = std::make_unique<FakeRunner>(model);
    core = std::make_unique<SchedulerCore>(*runner, tokenizer, options, clock);
  }

  SchedulerTest() { make(); }

  /// A request that writes `max_tokens`, whatever they are.
  static GenerateRequest request(std::int64_t n_prompt, std::int64_t max_tokens,
                                 TokenId first = 3) {
    GenerateRequest r;
    r.prompt = prompt_of(n_prompt, first);
    r.max_tokens = max_tokens;
    r.is_endless = true;
    return r;
  }

  void run() const {
    while (core->run_step()) {
    }
  }

  std::vector<ReceivedSample> receive(Completion& completion, std::int64_t n = 1) {
    std::vector<ReceivedSample> samples(static_cast<std::size_t>(n));
    receive_all(completion, samples);
    return samples;
  }

  ReceivedSample complete(const GenerateRequest& r) {
    const auto completion = core->submit(r);
    run();
    return receive(*completion).front();
  }

  /// The sentence a request is refused with.
  std::string refusal(const GenerateRequest& r) const {
    try {
      core->submit(r);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

  const FakeTokenizer tokenizer;
  FakeClock clock;
  std::unique_ptr<FakeRunner> runner;
  std::unique_ptr<SchedulerCore> core;
};

}  // namespace alpha::test
