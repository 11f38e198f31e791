#include "alpha/inference/completion.h"

#include <stdexcept>

#include "tests/inference/expected_samples.h"
#include <gtest/gtest.h>

#include "alpha/inference/scheduler_core.h"

namespace alpha {
namespace {

class CompletionTest : public testing::Test {
 protected:
  static GenerateRequest request() { return {.prompt = {3, 4, 5}, .max_tokens = 50}; }

  test::FakeRunner runner_{{.n_blocks = 20, .block_size = 96, .max_step_rows = 32}};
  test::FakeTokenizer tokenizer_;
  SystemClock clock_;
  SchedulerCore core_{runner_, tokenizer_, {.max_sessions = 1}, clock_};
};

TEST_F(CompletionTest, HookIsNotCalledAfterTheClientHasGone) {
  int n_calls = 0;
  GenerateRequest hooked = request();
  hooked.on_event = [&n_calls] { ++n_calls; };
  auto completion = core_.submit(std::move(hooked));
  core_.run_step();
  TokenEvent event;
  while (completion->try_next(event)) {
  }
  const int n_before = n_calls;
  EXPECT_GT(n_before, 0);
  completion.reset();
  while (core_.run_step()) {
  }
  EXPECT_EQ(n_calls, n_before);
}

TEST_F(CompletionTest, AnErrorIsNotHandedToTheNextRequestOfItsSession) {
  runner_.on_step = [](auto) { throw std::runtime_error("the runner failed"); };
  const auto failed = core_.submit(request());
  while (core_.run_step()) {
  }
  TokenEvent event;
  ASSERT_TRUE(failed->try_next(event));
  EXPECT_EQ(event.error, "the runner failed");
  runner_.on_step = {};
  const auto next = core_.submit(request());
  core_.run_step();
  TokenEvent first;
  ASSERT_TRUE(next->try_next(first));
  EXPECT_EQ(first.error, "");
}

}  // namespace
}  // namespace alpha
