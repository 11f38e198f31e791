// Every call of Vulkan that can fail does, while a backend is opened and a model trained on it.
#include <algorithm>
#include <set>
#include <tuple>

#include "tests/helios/faulty_vulkan.h"
#include "tests/helios/training_step.h"

namespace alpha::helios::test {
namespace {

/// Memory is asked for again when all that is recorded has run; what a file held of a cache of
/// pipelines is done without.
bool may_be_tried_again(std::string_view function) {
  return function == "CreateBuffer" || function == "AllocateMemory" ||
         function == "BindBufferMemory" || function == "CreatePipelineCache";
}

/// Steps of training, with times measured, and without: then the second step is given to the queue
/// as it was written for the first.
class FaultyTraining : public testing::Test {
 protected:
  explicit FaultyTraining(bool is_timing) : is_timing_(is_timing) {}

  std::unique_ptr<HeliosBackend> open() const {
    return std::make_unique<HeliosBackend>(
        HeliosOptions{.is_timing = is_timing_, .vulkan = {.intercept = FaultyVulkan::intercept}});
  }

  static std::vector<float> train(HeliosBackend& backend) {
    EXPECT_EQ(train_a_step(backend), train_a_step(backend));
    return train_a_step(backend);
  }

  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no Vulkan device";
    FaultyVulkan::reset();
    expected = train(*open());
    n_calls = FaultyVulkan::n_calls();
    EXPECT_TRUE(FaultyVulkan::alive().empty());
  }

  void TearDown() override { FaultyVulkan::reset(); }

  static void expect_nothing_is_left() {
    for (const auto& [name, n] : FaultyVulkan::alive()) ADD_FAILURE() << n << " " << name;
  }

  std::vector<float> expected;
  std::map<std::string, int> n_calls;  // of steps that go well

 private:
  bool is_timing_;
};

/// A test for each function: there are drivers that find no device once a process has opened and
/// closed some thirty backends.
class EachFunctionTest : public FaultyTraining,
                         public testing::WithParamInterface<std::tuple<bool, std::string>> {
 protected:
  EachFunctionTest() : FaultyTraining(std::get<0>(GetParam())) {}
};

TEST_P(EachFunctionTest, ThatFailsOnceIsAnErrorWithoutALeakAndTheNextStepIsRight) {
  const std::string& function = std::get<1>(GetParam());
  const auto found = n_calls.find(function);
  if (found == n_calls.end()) return;  // this training does without it: see below
  const int n = found->second;
  for (const int at : std::set{1, n / 2 + 1, n}) {
    SCOPED_TRACE(fmt::format("call {} of {} of vk{}", at, n, function));
    FaultyVulkan::fail(function, at, VK_ERROR_OUT_OF_HOST_MEMORY);
    std::unique_ptr<HeliosBackend> backend;
    try {
      backend = open();
      const std::vector<float> got = train(*backend);
      EXPECT_TRUE(may_be_tried_again(function)) << "nothing was thrown";
      EXPECT_EQ(got, expected);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::out_of_memory) << error.what();
    }
    if (backend) {
      EXPECT_EQ(train(*backend), expected);
    }
    backend.reset();
    expect_nothing_is_left();
  }
}

INSTANTIATE_TEST_SUITE_P(Vulkan, EachFunctionTest,
                         testing::Combine(testing::Bool(),
                                          testing::ValuesIn(FaultyVulkan::functions())),
                         [](const auto& test) {
                           return std::get<1>(test.param) +
                                  (std::get<0>(test.param) ? "_timed" : "_reused");
                         });

class EveryCallTest : public FaultyTraining, public testing::WithParamInterface<bool> {
 protected:
  EveryCallTest() : FaultyTraining(GetParam()) {}
};

TEST_P(EveryCallTest, IsOneOfTheFunctionsThatTestsLetFail) {
  const std::vector<std::string> functions = FaultyVulkan::functions();
  for (const auto& [function, n] : n_calls) {
    EXPECT_EQ(std::ranges::count(functions, function), 1) << function;
  }
  EXPECT_GE(n_calls.size(), 20U);
}

TEST_P(EveryCallTest, AllocationsThatStayImpossibleAreErrorsUntilTheyAreNot) {
  const int n = n_calls["AllocateMemory"];
  ASSERT_GE(n, 2);
  for (int at = 1; at <= n; ++at) {
    SCOPED_TRACE(at);
    FaultyVulkan::fail("AllocateMemory", at, VK_ERROR_OUT_OF_DEVICE_MEMORY, true);
    std::unique_ptr<HeliosBackend> backend;
    EXPECT_EQ(code_of([&] {
                backend = open();
                train(*backend);
              }),
              ErrorCode::out_of_memory);
    FaultyVulkan::reset();
    if (!backend) backend = open();
    EXPECT_EQ(train(*backend), expected);
    backend.reset();
    expect_nothing_is_left();
  }
}

TEST_P(EveryCallTest, ThatLosesTheDeviceIsToldByEveryLaterOneAndAnotherBackendOpens) {
  for (const auto& [function, result] : {std::pair{"QueueSubmit", VK_ERROR_DEVICE_LOST},
                                         {"WaitSemaphores", VK_ERROR_DEVICE_LOST},
                                         {"WaitSemaphores", VK_TIMEOUT},
                                         {"GetSemaphoreCounterValue", VK_ERROR_DEVICE_LOST}}) {
    const int n = n_calls[function];
    ASSERT_GE(n, 1) << function;
    for (const int at : std::set{1, n / 2 + 1, n}) {
      SCOPED_TRACE(fmt::format("call {} of {} of vk{}", at, n, function));
      // One wait may end too early: as long as something is done, the device is there.
      FaultyVulkan::fail(function, at, result, result == VK_TIMEOUT);
      auto backend = open();
      EXPECT_EQ(code_of([&] { train(*backend); }), ErrorCode::device_lost);
      const int n_submits = FaultyVulkan::n_calls()["QueueSubmit"];
      EXPECT_EQ(code_of([&] { train(*backend); }), ErrorCode::device_lost);
      EXPECT_EQ(code_of([&] { backend->finish(); }), ErrorCode::device_lost);
      EXPECT_EQ(FaultyVulkan::n_calls()["QueueSubmit"], n_submits) << "given to a lost device";
      backend.reset();
      expect_nothing_is_left();
    }
  }
  EXPECT_EQ(train(*open()), expected);
}

INSTANTIATE_TEST_SUITE_P(Vulkan, EveryCallTest, testing::Bool(),
                         [](const auto& test) { return test.param ? "timed" : "reused"; });

}  // namespace
}  // namespace alpha::helios::test
