// One backend and several threads.
#include <thread>

#include "tests/helios/training_step.h"

namespace alpha::helios::test {
namespace {

class ThreadsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no Vulkan device";
    backend = open_helios();
  }

  /// Calls `work(i)` in thread i of four, all at the same time.
  static void in_threads(const std::function<void(int)>& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
  }

  std::unique_ptr<HeliosBackend> backend;
};

TEST_F(ThreadsTest, EachGetsItsOwnResultsWhatTheOthersDo) {
  std::array<std::vector<float>, 4> got;
  in_threads([&](int i) {
    Tensor x = tensor_of(*backend, ramp(5000 + i));
    for (int k = 0; k < 100; ++k) x = scale(*backend, x, k % 2 == 0 ? 2 : 0.5);
    got[static_cast<std::size_t>(i)] = values_of(*backend, x);
  });
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(got[static_cast<std::size_t>(i)] == ramp(5000 + i)) << i;
  EXPECT_EQ(backend->memory().stats().in_use_bytes, 0);
}

TEST_F(ThreadsTest, ModelsAreTrainedSideBySideAsAlone) {
  // Kernels are compiled by whoever comes first.
  const auto alone = train_a_step(*open_helios());
  std::array<std::vector<float>, 4> got;
  in_threads([&](int i) { got[static_cast<std::size_t>(i)] = train_a_step(*backend); });
  for (const auto& one : got) EXPECT_EQ(one, alone);
}

}  // namespace
}  // namespace alpha::helios::test
