#include <numeric>

#include "tests/inference/scheduler_fixture.h"

namespace alpha {
namespace {

using test::FakeModel;
using test::ReceivedSample;
using test::SchedulerTest;

/// Many clients at one scheduler.
class SchedulerClientsTest : public SchedulerTest {
 protected:
  std::unique_ptr<Completion> submit(std::uint64_t client, std::int64_t max_tokens = 1,
                                     std::uint64_t user = 0) {
    GenerateRequest r = request(2, max_tokens);
    r.client = client;
    r.user = user;
    return core->submit(std::move(r));
  }

  static bool has_ended(Completion& completion) {
    TokenEvent event;
    while (completion.try_next(event)) {
    }
    return completion.is_finished();
  }

  /// How a request of one sample ended.
  static TokenEvent end_of(Completion& completion) {
    TokenEvent event;
    while (completion.try_next(event) && event.kind != EventKind::end) {
    }
    return event;
  }
};

TEST_F(SchedulerClientsTest, AFreeSessionGoesToTheClientThatHasTheFewest) {
  make({.max_sessions = 2});
  const auto first = submit(1, 30);
  const auto second = submit(1, 4);
  core->run_step();
  const auto third = submit(1, 4);  // came first, and client 1 has a session
  const auto other = submit(2, 4);
  while (!has_ended(*other)) core->run_step();
  EXPECT_TRUE(has_ended(*second));
  EXPECT_FALSE(has_ended(*third));
}

TEST_F(SchedulerClientsTest, ClientsTakeTurnsWhereNoneHasASession) {
  make({.max_sessions = 1});
  std::vector<std::unique_ptr<Completion>> many;
  for (int i = 0; i < 5; ++i) many.push_back(submit(1));
  core->run_step();
  const auto one = submit(2);
  core->run_step();
  EXPECT_TRUE(has_ended(*one));
  EXPECT_FALSE(has_ended(*many[1]));
}

TEST_F(SchedulerClientsTest, ManyUsersDoNotGetAClientMoreThanItsShare) {
  make({.max_sessions = 1, .max_waiting = 4});
  std::vector<std::unique_ptr<Completion>> many;
  for (std::uint64_t user = 1; user <= 4; ++user) many.push_back(submit(1, 1, user));
  core->run_step();
  const auto honest = submit(2);
  EXPECT_THROW(submit(1, 1, 99), Error);
  core->run_step();
  EXPECT_TRUE(has_ended(*honest));
}

TEST_F(SchedulerClientsTest, TheUsersOfAClientTakeTurns) {
  make({.max_sessions = 1});
  const auto first = submit(1, 1, 1);
  const auto second = submit(1, 1, 1);
  const auto other = submit(1, 1, 2);
  core->run_step();
  core->run_step();
  EXPECT_TRUE(has_ended(*first) && has_ended(*other));
  EXPECT_FALSE(has_ended(*second));
}

TEST_F(SchedulerClientsTest, RequestsOfOneClientAreServedInTheOrderOfArrival) {
  make({.max_sessions = 1});
  std::vector<std::unique_ptr<Completion>> completions;
  for (int i = 0; i < 4; ++i) completions.push_back(submit(7));
  for (std::size_t n = 1; n <= completions.size(); ++n) {
    core->run_step();
    for (std::size_t i = 0; i < completions.size(); ++i) {
      EXPECT_EQ(has_ended(*completions[i]), i < n) << i << " after " << n;
    }
  }
}

TEST_F(SchedulerClientsTest, AFullQueueTakesAnotherClientInPlaceOfTheGreediest) {
  make({.max_sessions = 1, .max_waiting = 3});
  std::vector<std::unique_ptr<Completion>> greedy;
  for (int i = 0; i < 3; ++i) greedy.push_back(submit(1));
  EXPECT_THROW(submit(1), Error);
  const auto modest = submit(2);
  const TokenEvent end = end_of(*greedy[2]);  // the youngest
  EXPECT_EQ(end.stop_reason, StopReason::error);
  EXPECT_EQ(end.error_code, ErrorCode::overloaded);
  // One against two: nobody has more than his share any more.
  EXPECT_THROW(submit(2), Error);
  EXPECT_EQ(core->stats().n_refused, 3);
  run();
  EXPECT_TRUE(has_ended(*modest) && has_ended(*greedy[0]) && has_ended(*greedy[1]));
}

TEST_F(SchedulerClientsTest, ARequestThatHasWaitedTooLongEndsUnstarted) {
  make({.max_sessions = 1});
  const auto running = submit(1, 100);
  GenerateRequest patient = request(2, 1);
  GenerateRequest hasty = request(2, 1);
  hasty.max_queue_seconds = 2;
  const auto waits = core->submit(patient);
  const auto gives_up = core->submit(hasty);
  clock.now = 2;
  core->run_step();
  EXPECT_FALSE(has_ended(*gives_up));
  clock.now = 2.5;
  core->run_step();
  const TokenEvent end = end_of(*gives_up);
  EXPECT_EQ(end.stop_reason, StopReason::error);
  EXPECT_EQ(end.error_code, ErrorCode::overloaded);
  EXPECT_EQ(end.error, "the request has waited 2.5 s, expected at most 2: try again later");
  EXPECT_FALSE(has_ended(*waits));
}

/// The mean of the hidden states, written down without a scheduler.
std::vector<float> expected_embedding(const std::vector<TokenId>& prompt, std::int64_t width) {
  std::vector<double> sum(static_cast<std::size_t>(width));
  FakeModel model;
  for (const TokenId token : prompt) {
    model.read(model.keep(token));
    for (std::size_t c = 0; c < sum.size(); ++c) {
      sum[c] += static_cast<double>(model.hidden(static_cast<std::int64_t>(c)));
    }
  }
  std::vector<float> mean;
  for (const double x : sum) {
    mean.push_back(static_cast<float>(x / static_cast<double>(prompt.size())));
  }
  return mean;
}

class EmbeddingTest : public SchedulerTest {
 protected:
  static GenerateRequest embedding_of(std::int64_t n_prompt) {
    return {.prompt = test::prompt_of(n_prompt), .max_tokens = 0, .is_embedding = true};
  }

  static std::vector<float> embedding(Completion& completion) {
    TokenEvent event;
    while (completion.try_next(event)) {
      if (event.kind == EventKind::end) return event.embedding;
    }
    return {};
  }
};

TEST_F(EmbeddingTest, IsTheMeanOfTheLastHiddenStates) {
  const auto completion = core->submit(embedding_of(37));
  run();
  EXPECT_EQ(embedding(*completion), expected_embedding(test::prompt_of(37), 5));
}

TEST_F(EmbeddingTest, IsTheSameInPiecesBesideTextsAndAfterAPrefixIsKnown) {
  make({.max_sessions = 8, .prefill_chunk = 5});
  const auto text = core->submit(request(37, 60));
  core->run_step();
  const auto again = core->submit(embedding_of(37));  // all of it computed before
  run();
  EXPECT_EQ(embedding(*again), expected_embedding(test::prompt_of(37), 5));
}

TEST_F(EmbeddingTest, IsTheSameAfterAPreemption) {
  make({.max_sessions = 4, .prefill_chunk = 4}, {.n_blocks = 9});
  const auto text = core->submit(request(16, 100));
  core->run_step();
  const auto other = core->submit(embedding_of(60));
  run();
  EXPECT_EQ(embedding(*other), expected_embedding(test::prompt_of(60), 5));
}

TEST_F(EmbeddingTest, RefusesTokensAndSamples) {
  GenerateRequest r = embedding_of(3);
  r.max_tokens = 1;
  EXPECT_EQ(refusal(r), "an embedding with 1 tokens and 1 samples, expected 0 and 1");
  r.max_tokens = 0;
  r.n = 2;
  EXPECT_EQ(refusal(r), "an embedding with 0 tokens and 2 samples, expected 0 and 1");
}

}  // namespace
}  // namespace alpha
