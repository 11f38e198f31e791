#include <numeric>

#include "tests/inference/allocation_count.h"
#include "tests/inference/expected_samples.h"
#include "tests/inference/scheduler_fixture.h"
#include <gtest/gtest.h>

#include "alpha/inference/scheduler_core.h"

namespace alpha {
namespace {

using test::FakeClock;
using test::FakeRunner;
using test::FakeRunnerOptions;
using test::prompt_of;
using test::ReceivedSample;
using test::SchedulerTest;

TEST_F(SchedulerTest, WritesWhatTheModelSays) {
  GenerateRequest r = request(5, 20);
  r.log_probs = 2;
  const ReceivedSample sample = complete(r);
  EXPECT_EQ(static_cast<const test::Sample&>(sample),
            test::expected_sample(r, 0, tokenizer, FakeRunnerOptions{}));
  EXPECT_EQ(sample.tokens.size(), 20U);
  EXPECT_EQ(sample.usage.n_prompt_tokens, 5);
  EXPECT_EQ(sample.usage.n_tokens, 20);
  EXPECT_EQ(runner->n_rows, 5 + 19);
}

TEST_F(SchedulerTest, ReadsThePromptOfManySamplesOnceAndStoresItOnce) {
  GenerateRequest r = request(40, 2);
  r.n = 8;
  const auto completion = core->submit(r);
  core->run_step();
  EXPECT_EQ(runner->n_rows, 40);
  EXPECT_EQ(core->blocks().pool().n_used(), 3);
  core->run_step();
  EXPECT_EQ(runner->n_rows, 48);
  EXPECT_EQ(runner->n_copies, 7);
  const auto samples = receive(*completion, 8);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto expected = test::expected_sample(r, static_cast<std::int64_t>(i), tokenizer, {});
    EXPECT_EQ(samples[i].tokens, expected.tokens);
  }
}

TEST_F(SchedulerTest, ComputesAnEqualBeginningOfRequestsThatCameTogetherOnce) {
  std::vector<std::unique_ptr<Completion>> completions;
  for (TokenId i = 0; i < 8; ++i) {
    GenerateRequest r = request(32, 1);
    r.prompt.push_back(i);
    completions.push_back(core->submit(r));
  }
  run();
  EXPECT_EQ(runner->n_rows, 32 + 8);
  EXPECT_EQ(core->stats().n_cached_tokens, 7 * 32);
}

TEST_F(SchedulerTest, TakesOverWhatAnEarlierRequestHasComputed) {
  complete(request(40, 8));
  const std::int64_t n_rows = runner->n_rows;
  GenerateRequest longer = request(45, 1);
  EXPECT_EQ(complete(longer).usage.n_cached_tokens, 32);
  EXPECT_EQ(runner->n_rows - n_rows, 45 - 32);
}

TEST_F(SchedulerTest, TakesOverWhatAnEarlierRequestHasWritten) {
  GenerateRequest r = request(10, 30);
  const ReceivedSample first = complete(r);
  r.prompt.insert(r.prompt.end(), first.tokens.begin(), first.tokens.end());
  r.prompt.push_back(1);
  EXPECT_EQ(complete(r).usage.n_cached_tokens, 32);
}

TEST_F(SchedulerTest, ComputesTheLastTokenOfAPromptThatIsCachedWhole) {
  const GenerateRequest r = request(32, 3);
  const ReceivedSample first = complete(r);
  const ReceivedSample again = complete(r);
  EXPECT_EQ(again.usage.n_cached_tokens, 16);
  EXPECT_EQ(again.tokens, first.tokens);
}

TEST_F(SchedulerTest, SharesNothingBetweenSalts) {
  GenerateRequest r = request(40, 2);
  complete(r);
  r.cache_salt = 1;
  EXPECT_EQ(complete(r).usage.n_cached_tokens, 0);
  EXPECT_EQ(complete(r).usage.n_cached_tokens, 32);
}

TEST_F(SchedulerTest, KeepsThePaceOfTextsWhileALongPromptIsRead) {
  make({.max_sessions = 4, .prefill_chunk = 10});
  const auto stream = core->submit(request(4, 30));
  core->run_step();
  const auto reader = core->submit(request(100, 1, 7));
  std::vector<ReceivedSample> samples(1);
  std::vector<std::int64_t> rows;
  for (int i = 0; i < 10; ++i) {
    const std::int64_t before = runner->n_rows;
    core->run_step();
    rows.push_back(runner->n_rows - before);
    test::receive_all(*stream, samples);
    EXPECT_EQ(samples[0].tokens.size(), static_cast<std::size_t>(i + 2));
  }
  EXPECT_EQ(rows, std::vector<std::int64_t>(10, 11));
}

TEST_F(SchedulerTest, ReadsPromptsByTheWholeStepWhileNothingIsWritten) {
  make({.max_sessions = 4, .max_step_rows = 50, .prefill_chunk = 10});
  const auto a = core->submit(request(70, 1));
  const auto b = core->submit(request(20, 1, 7));
  core->run_step();
  EXPECT_EQ(runner->n_rows, 50);
  core->run_step();
  EXPECT_EQ(runner->n_rows, 90);
}

TEST_F(SchedulerTest, AsksForLogitsOnlyWhereATokenIsDrawn) {
  make({.max_sessions = 1, .max_step_rows = 10});
  std::vector<LogitRows> asked;
  runner->on_step = [&](std::span<const StepSlice> slices) { asked.push_back(slices[0].logits); };
  complete(request(25, 2));
  using enum LogitRows;
  EXPECT_EQ(asked, (std::vector<LogitRows>{none, none, last, last}));
}

TEST_F(SchedulerTest, ServesInTheOrderOfArrival) {
  make({.max_sessions = 2, .max_step_rows = 8});
  std::vector<std::unique_ptr<Completion>> completions;
  completions.reserve(6);
  for (TokenId i = 0; i < 6; ++i) completions.push_back(core->submit(request(12 - i, 3, i)));
  std::vector<std::size_t> finished;
  do {
    for (std::size_t i = 0; i < completions.size(); ++i) {
      if (!completions[i]) continue;
      receive(*completions[i]);
      if (!completions[i]->is_finished()) continue;
      finished.push_back(i);
      completions[i].reset();
    }
  } while (core->run_step() || finished.size() < completions.size());
  EXPECT_TRUE(std::ranges::is_sorted(finished));
}

TEST_F(SchedulerTest, PreemptsTheYoungestAndFinishesAllUnchanged) {
  make({.max_sessions = 8}, {.n_blocks = 9});
  std::vector<GenerateRequest> requests;
  std::vector<std::unique_ptr<Completion>> completions;
  for (TokenId i = 0; i < 4; ++i) {
    requests.push_back(request(20, 60, i));
    completions.push_back(core->submit(requests.back()));
  }
  run();
  EXPECT_GT(core->stats().n_preemptions, 0);
  EXPECT_GT(core->stats().n_evictions, 0);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(receive(*completions[i])[0].tokens,
              test::expected_sample(requests[i], 0, tokenizer, {}).tokens);
  }
}

TEST_F(SchedulerTest, NeverPreemptsTheOldest) {
  make({.max_sessions = 8}, {.n_blocks = 8});
  const auto oldest = core->submit(request(20, 100));
  std::vector<std::unique_ptr<Completion>> others;
  others.reserve(6);
  for (TokenId i = 0; i < 6; ++i) others.push_back(core->submit(request(20, 100, i)));
  std::vector<ReceivedSample> samples(1);
  for (std::size_t i = 1; i <= 100; ++i) {
    core->run_step();
    test::receive_all(*oldest, samples);
    ASSERT_EQ(samples[0].tokens.size(), i);
  }
  EXPECT_GT(core->stats().n_preemptions, 0);
}

TEST_F(SchedulerTest, TakesASessionBackWithinAStepWhenTheClientIsGone) {
  auto completion = core->submit(request(20, 100));
  core->run_step();
  EXPECT_EQ(core->pool().in_use(), 1);
  completion.reset();
  core->run_step();
  EXPECT_EQ(core->pool().in_use(), 0);
  EXPECT_EQ(core->blocks().pool().n_used(), 0);
}

TEST_F(SchedulerTest, EndsWhatIsCancelledWhileItWritesReadsOrWaits) {
  make({.max_sessions = 2, .max_step_rows = 4, .prefill_chunk = 2});
  const auto writing = core->submit(request(2, 100));
  core->run_step();
  const auto reading = core->submit(request(50, 100));
  const auto waiting = core->submit(request(5, 100));
  core->run_step();
  for (const auto* completion : {&writing, &reading, &waiting}) (*completion)->cancel();
  core->run_step();
  EXPECT_EQ(receive(*writing)[0].tokens.size(), 2U);
  for (const auto* completion : {&reading, &waiting}) {
    const ReceivedSample sample = receive(**completion)[0];
    EXPECT_TRUE(sample.has_ended);
    EXPECT_EQ(sample.stop_reason, StopReason::cancelled);
    EXPECT_TRUE(sample.tokens.empty());
  }
  EXPECT_EQ(core->pool().in_use(), 0);
}

TEST_F(SchedulerTest, AStepThatFailsEndsItsSessionsAndNoOthers) {
  GenerateRequest two = request(20, 10);
  two.n = 2;
  const auto reading = core->submit(two);
  runner->on_step = [](auto) { fail(ErrorCode::device_lost, "the device is gone"); };
  core->run_step();
  for (const ReceivedSample& sample : receive(*reading, 2)) {
    EXPECT_EQ(sample.stop_reason, StopReason::error);
    EXPECT_EQ(sample.error, "the device is gone");
  }
  EXPECT_EQ(core->pool().in_use(), 0);
  runner->on_step = {};
  EXPECT_EQ(complete(request(20, 10)).tokens.size(), 10U);
}

TEST_F(SchedulerTest, ACopyThatFailsEndsItsSessionAlone) {
  GenerateRequest r = request(20, 5);
  r.n = 3;
  const auto completion = core->submit(r);
  runner->on_copy = [n = 0]() mutable {
    if (n++ == 0) throw std::runtime_error("no copy");
  };
  run();
  const auto samples = receive(*completion, 3);
  EXPECT_EQ(samples[0].error, "no copy");
  EXPECT_EQ(samples[1].tokens, test::expected_sample(r, 1, tokenizer, {}).tokens);
  EXPECT_EQ(samples[2].tokens, test::expected_sample(r, 2, tokenizer, {}).tokens);
}

TEST_F(SchedulerTest, LogitsThatAreNoNumbersEndTheirSessionAlone) {
  runner->nan_token = 19;
  GenerateRequest bad = request(5, 10);
  bad.prompt.back() = 19;
  GenerateRequest good = request(5, 10);
  good.prompt.back() = 1;
  good.sampling.banned = {19};
  const auto a = core->submit(bad);
  const auto b = core->submit(good);
  bad.prompt_log_probs = true;
  bad.prompt.push_back(1);
  const auto c = core->submit(bad);
  run();
  EXPECT_EQ(receive(*a)[0].error, "logit 3 of 24 is NaN, expected a number");
  EXPECT_EQ(receive(*b)[0].tokens.size(), 10U);
  const ReceivedSample scored = receive(*c)[0];
  EXPECT_EQ(scored.stop_reason, StopReason::error);
  EXPECT_TRUE(scored.tokens.empty());
}

TEST_F(SchedulerTest, SaysWhyATextEnded) {
  GenerateRequest r = request(5, 60);
  r.is_endless = false;
  r.sampling.logit_bias = {{23, 2.0}};
  ReceivedSample sample = complete(r);
  EXPECT_EQ(sample.stop_reason, StopReason::end_of_text);
  EXPECT_EQ(std::ranges::count(sample.tokens, 23), 0);
  EXPECT_EQ(sample.text.find("end_of_text"), std::string::npos);

  r = request(5, 60);
  r.stop_tokens = {4, 9};
  r.sampling.logit_bias = {{9, 3.0}};
  sample = complete(r);
  EXPECT_EQ(sample.stop_reason, StopReason::stop_token);
  EXPECT_EQ(sample.stop_index, 1U);
  EXPECT_EQ(std::ranges::count(sample.tokens, 9), 0);

  r = request(5, 60);
  r.text.stop = {"nope", "rd "};
  r.sampling.logit_bias = {{2, 3.0}};
  sample = complete(r);
  EXPECT_EQ(sample.stop_reason, StopReason::stop_string);
  EXPECT_EQ(sample.stop_index, 1U);
  EXPECT_TRUE(sample.text.ends_with("wo"));

  r = request(100, 60);
  sample = complete(r);
  EXPECT_EQ(sample.stop_reason, StopReason::length);
  EXPECT_EQ(sample.tokens.size(),
            29U);  // the context is 128 positions, and one token stands behind
}

TEST_F(SchedulerTest, GoesOnBeyondTheContextWhereItIsToldTo) {
  GenerateRequest r = request(300, 200);
  r.is_sliding = true;
  const ReceivedSample sample = complete(r);
  EXPECT_EQ(sample.tokens, test::expected_sample(r, 0, tokenizer, {}).tokens);
  EXPECT_EQ(sample.tokens.size(), 200U);
  EXPECT_EQ(sample.usage.n_prompt_tokens, 64);
}

TEST_F(SchedulerTest, ScoresAPromptWithoutWriting) {
  GenerateRequest r = request(30, 0);
  r.prompt_log_probs = true;
  complete(request(30, 1));  // what is cached has no logits
  const ReceivedSample sample = complete(r);
  EXPECT_EQ(static_cast<const test::Sample&>(sample),
            test::expected_sample(r, 0, tokenizer, FakeRunnerOptions{}));
  EXPECT_EQ(sample.prompt_log_probs.size(), 29U);
  EXPECT_TRUE(sample.tokens.empty());
  EXPECT_EQ(sample.stop_reason, StopReason::length);
}

TEST_F(SchedulerTest, RefusesMoreThanMayWait) {
  make({.max_sessions = 1, .max_waiting = 2});
  const auto a = core->submit(request(5, 5));
  const auto b = core->submit(request(5, 5));
  try {
    core->submit(request(5, 5));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::overloaded);
    EXPECT_STREQ(error.what(), "2 requests wait already, expected at most 2: try again later");
  }
  EXPECT_EQ(core->stats().n_refused, 1);
  core->run_step();
  EXPECT_EQ(refusal(request(5, 5)), "accepted");
}

TEST_F(SchedulerTest, RefusesWhatCannotBeInOneSentence) {
  make({.max_sessions = 8}, {.n_blocks = 6, .block_size = 128});
  const auto with = [](auto change) {
    GenerateRequest r = request(5, 5);
    change(r);
    return r;
  };
  using R = GenerateRequest;
  EXPECT_EQ(refusal(with([](R& r) { r.prompt.clear(); })),
            "the prompt has 0 tokens, expected at least 1");
  EXPECT_EQ(refusal(request(129, 5)),
            "the prompt has 129 tokens, expected at most 128, the length of the context");
  EXPECT_EQ(refusal(with([](R& r) { r.prompt[2] = 24; })),
            "prompt token 2 is 24, expected 0 to 23");
  EXPECT_EQ(refusal(with([](R& r) { r.prompt[0] = -1; })),
            "prompt token 0 is -1, expected 0 to 23");
  EXPECT_EQ(refusal(request(5, -1)), "max_tokens: got -1, expected at least 1");
  EXPECT_EQ(refusal(request(5, 0)),
            "max_tokens: got 0, expected at least 1 where no prompt log-probs are asked for");
  EXPECT_EQ(refusal(with([](R& r) { r.n = 0; })), "n: got 0, expected 1 to 8");
  EXPECT_EQ(refusal(with([](R& r) { r.n = 9; })), "n: got 9, expected 1 to 8");
  EXPECT_EQ(refusal(with([](R& r) { r.stop_tokens = {24}; })),
            "stop token 0 is 24, expected 0 to 23");
  EXPECT_EQ(refusal(with([](R& r) { r.stop_tokens.assign(65, 1); })),
            "stop tokens: got 65, expected 0 to 64");
  EXPECT_EQ(refusal(with([](R& r) { r.log_probs = 21; })),
            "top log-probs: got 21, expected 0 to 20");
  EXPECT_EQ(refusal(with([](R& r) { r.sampling.top_p = 5; })), "top-p is 5, expected 0 < p <= 1");
  EXPECT_EQ(refusal(with([](R& r) { r.text.stop = {""}; })),
            "stop string 0 has 0 bytes, expected 1 to 1024");
  EXPECT_EQ(refusal(request(90, 8)),
            "prompt and output need 7 KV blocks of 16 positions, and there are 6");
  EXPECT_EQ(refusal(request(90, 7)), "accepted");
}

TEST_F(SchedulerTest, RefusesOptionsThatCannotBe) {
  EXPECT_THROW(make({.max_sessions = 0}), Error);
  EXPECT_THROW(make({.max_sessions = 65}), Error);  // the model takes 64 rows per step
  EXPECT_THROW(make({.max_sessions = 8, .max_step_rows = 7}), Error);
  EXPECT_THROW(make({.max_sessions = 8, .prefill_chunk = 0}), Error);
  EXPECT_THROW(make({.max_sessions = 8, .max_waiting = 0}), Error);
}

TEST_F(SchedulerTest, CountsTimes) {
  make({.max_sessions = 1, .max_step_rows = 10});
  runner->on_step = [&](auto) { clock.now += 1; };
  const auto a = core->submit(request(20, 3));
  const auto b = core->submit(request(10, 2, 7));
  run();
  const SampleUsage first = receive(*a)[0].usage;
  EXPECT_EQ(first.queue_seconds, 0);
  EXPECT_EQ(first.prefill_seconds, 2);
  EXPECT_EQ(first.decode_seconds, 2);
  EXPECT_EQ(receive(*b)[0].usage.queue_seconds, 4);
  const SchedulerStats stats = core->stats();
  EXPECT_EQ(stats.longest_queue_seconds, 4);
  EXPECT_EQ(stats.n_requests, 2);
  EXPECT_EQ(stats.n_prefill_tokens, 30);
  EXPECT_EQ(stats.n_decode_tokens, 3);
  EXPECT_EQ(stats.n_steps, 6);
}

TEST_F(SchedulerTest, CallsTheHookWhenTheFirstUnreadEventComes) {
  int n_calls = 0;
  GenerateRequest r = request(5, 10);
  r.on_event = [&] { ++n_calls; };
  const auto completion = core->submit(r);
  core->run_step();
  core->run_step();
  EXPECT_EQ(n_calls, 1);
  std::vector<ReceivedSample> samples(1);
  test::receive_all(*completion, samples);
  core->run_step();
  EXPECT_EQ(n_calls, 2);
}

TEST_F(SchedulerTest, EndsOpenRequestsWhenItIsDestroyed) {
  const auto running = core->submit(request(5, 100));
  core->run_step();
  const auto waiting = core->submit(request(5, 100));
  core.reset();
  EXPECT_EQ(receive(*running)[0].stop_reason, StopReason::cancelled);
  EXPECT_EQ(receive(*waiting)[0].stop_reason, StopReason::cancelled);
}

TEST_F(SchedulerTest, AllocatesNothingWhileTextsAreWritten) {
  // The fake model's own rows are there after the first steps.
  std::vector<std::unique_ptr<Completion>> completions;
  for (TokenId i = 0; i < 8; ++i) {
    GenerateRequest r = request(10, 100, i);
    r.log_probs = 3;
    completions.push_back(core->submit(r));
  }
  std::vector<TokenEvent> events(8);
  std::size_t n_events = 0;
  const auto steps = [&](int n) {
    for (int i = 0; i < n; ++i) {
      core->run_step();
      for (std::size_t c = 0; c < completions.size(); ++c) {
        while (completions[c]->try_next(events[c])) ++n_events;
      }
    }
  };
  steps(20);
  const std::size_t before = test::n_allocations();
  n_events = 0;
  steps(50);
  EXPECT_EQ(test::n_allocations(), before);
  EXPECT_EQ(n_events, 8U * 50U);
}

}  // namespace
}  // namespace alpha
