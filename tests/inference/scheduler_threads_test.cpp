#include <latch>
#include <mutex>
#include <thread>

#include "tests/inference/expected_samples.h"
#include <gtest/gtest.h>

#include "alpha/core/thread_pool.h"
#include "alpha/inference/scheduler.h"

namespace alpha {
namespace {

using test::FakeRunnerOptions;
using test::ReceivedSample;

/// A FakeRunner with threads for sampling.
class ThreadedRunner final : public test::FakeRunner {
 public:
  explicit ThreadedRunner(const FakeRunnerOptions& options = {}) : FakeRunner(options) {}

  void parallel(std::int64_t n, const std::function<void(std::int64_t)>& body) override {
    threads_.run(n, body);
  }

 private:
  ThreadPool threads_{3};
};

GenerateRequest request_of(TokenId client, TokenId i) {
  GenerateRequest request;
  for (TokenId t = 0; t < 20 + 5 * i; ++t) request.prompt.push_back((t * t + client / 2) % 20);
  request.max_tokens = 40;
  request.n = 1 + i % 3;
  request.is_endless = true;
  request.log_probs = 1;
  request.sampling.seed = static_cast<std::uint64_t>(client);
  return request;
}

/// Reads to the end, or cancels in one of two ways after a few events.
std::vector<ReceivedSample> read(std::unique_ptr<Completion> completion,
                                 const GenerateRequest& request, TokenId i, bool is_cancelling) {
  std::vector<ReceivedSample> samples(static_cast<std::size_t>(request.n));
  TokenEvent event;
  for (TokenId n = 0; completion->next(event); ++n) {
    samples.at(static_cast<std::size_t>(event.sample)).receive(event);
    if (!is_cancelling || n != i) continue;
    if (i % 2 == 0) return {};
    completion->cancel();
  }
  return samples;
}

TEST(Scheduler, ServesManyThreadsOfWhichHalfCancel) {
  constexpr TokenId kClients = 8;
  constexpr TokenId kRequests = 6;
  const FakeRunnerOptions model{.n_blocks = 24};
  const test::FakeTokenizer tokenizer;
  const SystemClock clock;
  ThreadedRunner runner(model);
  Scheduler scheduler(runner, tokenizer, {.max_sessions = 6, .prefill_chunk = 8}, clock);
  std::mutex mutex;  // of what the threads found
  std::int64_t n_compared = 0;
  const auto client = [&](TokenId id) {
    for (TokenId i = 0; i < kRequests; ++i) {
      const GenerateRequest request = request_of(id, i);
      const bool is_cancelling = id % 2 == 1;
      const auto samples = read(scheduler.submit(request), request, i, is_cancelling);
      if (is_cancelling) continue;
      for (std::size_t s = 0; s < samples.size(); ++s) {
        const test::Sample expected =
            test::expected_sample(request, static_cast<std::int64_t>(s), tokenizer, model);
        const std::lock_guard lock(mutex);
        EXPECT_EQ(static_cast<const test::Sample&>(samples[s]), expected);
        ++n_compared;
      }
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(kClients);
  for (TokenId id = 0; id < kClients; ++id) threads.emplace_back(client, id);
  for (std::thread& thread : threads) thread.join();
  scheduler.drain();
  EXPECT_EQ(n_compared, kClients / 2 * kRequests * 2);
  const SchedulerStats stats = scheduler.stats();
  EXPECT_EQ(stats.n_sessions, 0);
  EXPECT_EQ(stats.n_waiting, 0);
  EXPECT_EQ(stats.n_blocks_used, 0);
  EXPECT_EQ(stats.n_blocks_idle + stats.n_blocks_free, model.n_blocks);
}

/// A request that would go on for ever.
GenerateRequest endless() {
  GenerateRequest request;
  request.prompt = {1, 2, 3};
  request.max_tokens = 1'000'000'000;
  request.is_endless = true;
  request.is_sliding = true;
  return request;
}

class SchedulerLife : public testing::Test {
 public:
  const test::FakeTokenizer tokenizer;
  const SystemClock clock{};
  ThreadedRunner runner;
  std::unique_ptr<Scheduler> scheduler =
      std::make_unique<Scheduler>(runner, tokenizer, SchedulerOptions{.max_sessions = 4}, clock);
};

TEST_F(SchedulerLife, DrainFinishesWhatItHasAndTakesNothingNew) {
  std::vector<std::unique_ptr<Completion>> completions;
  completions.reserve(8);
  for (TokenId i = 0; i < 8; ++i) completions.push_back(scheduler->submit(request_of(i, 0)));
  scheduler->drain();
  for (const auto& completion : completions) {
    std::vector<ReceivedSample> samples(1);
    test::receive_all(*completion, samples);
    EXPECT_EQ(samples[0].tokens.size(), 40U);
  }
  try {
    scheduler->submit(request_of(0, 0));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::overloaded);
  }
}

TEST_F(SchedulerLife, StopCutsADrainShort) {
  const auto completion = scheduler->submit(endless());
  TokenEvent event;
  ASSERT_TRUE(completion->next(event));
  std::thread drain([&] { scheduler->drain(); });
  scheduler->stop();
  drain.join();
  while (completion->next(event)) {
  }
  EXPECT_EQ(event.stop_reason, StopReason::cancelled);
}

TEST_F(SchedulerLife, ADestroyedSchedulerEndsWhatClientsWaitFor) {
  std::latch is_reading(1);
  std::thread client([&, completion = scheduler->submit(endless())] {
    TokenEvent event;
    EXPECT_TRUE(completion->next(event));
    is_reading.count_down();
    while (completion->next(event)) {
    }
    EXPECT_EQ(event.kind, EventKind::end);
    EXPECT_EQ(event.stop_reason, StopReason::cancelled);
  });
  is_reading.wait();
  scheduler.reset();
  client.join();
}

TEST_F(SchedulerLife, ACompletionOutlivesTheScheduler) {
  const auto completion = scheduler->submit(request_of(0, 0));
  scheduler.reset();
  TokenEvent event;
  while (completion->next(event)) {
  }
  EXPECT_EQ(event.kind, EventKind::end);
}

}  // namespace
}  // namespace alpha
