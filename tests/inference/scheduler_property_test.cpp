#include "tests/inference/expected_samples.h"
#include <gtest/gtest.h>

#include "alpha/core/rng.h"
#include "alpha/inference/scheduler_core.h"

namespace alpha {
namespace {

using test::FakeRunner;
using test::FakeRunnerOptions;
using test::FakeTokenizer;
using test::ReceivedSample;

/// Random numbers of one schedule.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : rng_(seed, 0) {}

  /// From least to most, both included.
  std::int64_t roll(std::int64_t least, std::int64_t most) {
    const auto n = static_cast<std::uint64_t>(most - least + 1);
    return least + static_cast<std::int64_t>(rng_.bits(position_++) % n);
  }

  bool one_in(std::int64_t n) { return roll(1, n) == 1; }

 private:
  CounterRng rng_;
  std::uint64_t position_ = 0;
};

/// A request that shares the beginning of its prompt with others of its schedule.
GenerateRequest random_request(Dice& dice, const FakeRunnerOptions& model,
                               std::int64_t max_samples) {
  GenerateRequest request;
  request.is_sliding = dice.one_in(4);
  const std::int64_t longest = request.is_sliding ? model.block_size * 2 : model.block_size;
  const std::int64_t n =
      dice.one_in(8) ? longest : dice.roll(1, std::min<std::int64_t>(longest, 60));
  const std::int64_t family = dice.roll(0, 1);
  const std::int64_t n_shared = dice.one_in(2) ? n : dice.roll(0, n);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t token = i < n_shared ? i * i + family : dice.roll(0, 100);
    request.prompt.push_back(static_cast<TokenId>(token % model.vocab_size));
  }
  request.n = dice.one_in(3) ? dice.roll(1, max_samples) : 1;
  request.max_tokens = dice.one_in(5) ? 100 : dice.roll(1, 30);
  request.sampling.seed = static_cast<std::uint64_t>(dice.roll(0, 3));
  request.sampling.temperature = dice.one_in(4) ? 0 : 1;
  request.sampling.top_k = dice.roll(0, 5);
  if (dice.one_in(4)) request.sampling.repetition_penalty = 1.3;
  if (dice.one_in(3)) request.text.stop = {"ab", "\xc3\xa9"};
  if (dice.one_in(3)) request.stop_tokens = {7, 8};
  request.is_endless = dice.one_in(2);
  if (dice.one_in(3)) request.log_probs = dice.roll(0, 2);
  if (n <= model.block_size && dice.one_in(5)) {
    request.prompt_log_probs = true;
    if (dice.one_in(3)) request.max_tokens = 0;
  }
  request.cache_salt = dice.one_in(4) ? 1 : 0;
  return request;
}

struct Client {
  GenerateRequest request;
  std::unique_ptr<Completion> completion;
  std::vector<ReceivedSample> samples;
  bool is_cancelled = false;
};

/// One schedule: requests that come and go at random, over a machine of random size.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : dice_(seed),
        model_{.n_blocks = 0, .block_size = dice_.one_in(4) ? 40 : 96, .max_step_rows = 0},
        options_{.max_sessions = dice_.roll(1, 6), .max_waiting = 100} {
    const std::int64_t least = kv_blocks_for(model_.block_size);
    model_.n_blocks = dice_.one_in(3) ? 40 : dice_.roll(least, least + 6);
    model_.max_step_rows = dice_.roll(options_.max_sessions, dice_.one_in(2) ? 12 : 80);
    options_.prefill_chunk = dice_.roll(1, model_.max_step_rows);
  }

  void run() {
    FakeRunner runner(model_);
    if (dice_.one_in(5)) {
      runner.on_step = [&](auto) {
        if (dice_.one_in(40)) throw std::runtime_error("the runner failed");
      };
    }
    SchedulerCore core(runner, tokenizer_, options_, clock_);
    std::int64_t n_to_come = dice_.roll(1, 10);
    for (bool is_busy = false; is_busy || n_to_come > 0; is_busy = core.run_step()) {
      while (n_to_come > 0 && dice_.one_in(3)) {
        submit(core);
        --n_to_come;
      }
      for (Client& client : clients_) visit(client);
      for (BlockId block = 0; block < model_.n_blocks; ++block) {
        if (core.blocks().pool().is_free(block)) runner.poison(block);
      }
    }
    check();
    EXPECT_EQ(core.pool().in_use(), 0);
    EXPECT_EQ(core.blocks().pool().n_used(), 0);
    stats = core.stats();
  }

  SchedulerStats stats;
  std::int64_t n_compared = 0;

 private:
  void submit(SchedulerCore& core) {
    Client client{.request = random_request(dice_, model_, options_.max_sessions),
                  .completion = {},
                  .samples = {},
                  .is_cancelled = false};
    client.completion = core.submit(client.request);
    client.samples.resize(static_cast<std::size_t>(client.request.n));
    clients_.push_back(std::move(client));
  }

  void visit(Client& client) {
    if (!client.completion) return;
    if (dice_.one_in(2)) test::receive_all(*client.completion, client.samples);
    if (!dice_.one_in(60)) return;
    client.is_cancelled = true;
    if (dice_.one_in(2)) {
      client.completion->cancel();
    } else {
      client.completion.reset();
    }
  }

  void check() {
    for (Client& client : clients_) {
      if (client.completion) test::receive_all(*client.completion, client.samples);
      for (std::size_t i = 0; i < client.samples.size(); ++i) {
        compare(client, client.samples[i], static_cast<std::int64_t>(i));
      }
    }
  }

  void compare(const Client& client, const ReceivedSample& got, std::int64_t index) {
    const test::Sample expected = test::expected_sample(client.request, index, tokenizer_, model_);
    if (client.completion) {
      ASSERT_TRUE(got.has_ended);
      ASSERT_TRUE(client.completion->is_finished());
    }
    const bool is_cut = client.is_cancelled || got.stop_reason == StopReason::error;
    if (!is_cut) {
      ++n_compared;
      ASSERT_EQ(got.tokens, expected.tokens);
      ASSERT_EQ(got.text, expected.text);
      ASSERT_EQ(static_cast<const test::Sample&>(got), expected);
      return;
    }
    if (!got.error.empty()) {
      ASSERT_EQ(got.error, "the runner failed");
    }
    ASSERT_LE(got.tokens.size(), expected.tokens.size());
    ASSERT_TRUE(std::equal(got.tokens.begin(), got.tokens.end(), expected.tokens.begin()));
  }

  Dice dice_;
  FakeRunnerOptions model_;
  SchedulerOptions options_;
  const SystemClock clock_;
  const FakeTokenizer tokenizer_;
  std::vector<Client> clients_;
};

// Sanitizers make it slow.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t kSchedules = 300;
#else
constexpr std::int64_t kSchedules = 3000;
#endif

TEST(SchedulerProperty, ARequestGivesTheSameWhateverElseRuns) {
  SchedulerStats sum;
  std::int64_t n_compared = 0;
  for (std::int64_t seed = 0; seed < kSchedules && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Schedule schedule(static_cast<std::uint64_t>(seed));
    schedule.run();
    sum.n_preemptions += schedule.stats.n_preemptions;
    sum.n_evictions += schedule.stats.n_evictions;
    sum.n_cached_tokens += schedule.stats.n_cached_tokens;
    n_compared += schedule.n_compared;
  }
  // The schedules do reach what they are to reach.
  EXPECT_GT(n_compared, 3 * kSchedules);
  EXPECT_GT(sum.n_preemptions, kSchedules / 10);
  EXPECT_GT(sum.n_evictions, kSchedules);
  EXPECT_GT(sum.n_cached_tokens, 10 * kSchedules);
}

}  // namespace
}  // namespace alpha
