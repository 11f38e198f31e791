#include "tests/helios/helios_test_base.h"

namespace alpha::helios::test {
namespace {

class MemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no Vulkan device";
    backend = open_helios();
  }

  std::unique_ptr<HeliosBackend> backend;
};

TEST_F(MemoryTest, WhatIsUploadedComesBackWhateverItsSize) {
  // One element, a part of the staging ring, and several rounds of it.
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{12'345'678}}) {
    const std::vector<float> values = ramp(n);
    EXPECT_TRUE(values_of(*backend, tensor_of(*backend, values)) == values) << n;
  }
}

TEST_F(MemoryTest, AStepThatHasRunBeforeAsksVulkanForNothing) {
  const auto step = [&] {
    const Tensor x = tensor_of(*backend, ramp(5000));
    return values_of(*backend, mul(*backend, gelu(*backend, x), silu(*backend, x)));
  };
  const std::vector<float> first = step();
  const auto before = backend->memory().stats();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(step(), first);
  EXPECT_EQ(backend->memory().stats().n_allocations, before.n_allocations);
  EXPECT_EQ(backend->memory().stats().in_use_bytes, 0);
}

TEST_F(MemoryTest, MemoryIsReusedWhileWorkThatUsesItMayStillRun) {
  const Tensor x = tensor_of(*backend, ramp(100'000));
  Tensor sum = zeros(*backend, {100'000});
  // Each result takes the place of the one before, long before the device is done with that.
  for (int i = 0; i < 200; ++i) sum = add(*backend, sum, scale(*backend, x, 0.5));
  EXPECT_EQ(values_of(*backend, sum)[777], 100 * ramp(100'000)[777]);
}

TEST_F(MemoryTest, TrimGivesBackWhatNothingUsesAndNoMore) {
  Tensor kept = tensor_of(*backend, ramp(1000));
  {
    const Tensor large = zeros(*backend, {30'000'000});
    neg(*backend, large);
  }
  const auto before = backend->memory().stats();
  EXPECT_GT(before.held_bytes, 200'000'000);
  backend->trim();
  EXPECT_LT(backend->memory().stats().held_bytes, 100'000'000);
  EXPECT_EQ(values_of(*backend, kept), ramp(1000));
  kept = Tensor();
  backend->trim();
  EXPECT_EQ(backend->memory().stats().held_bytes, 0);
  EXPECT_EQ(values_of(*backend, neg(*backend, tensor_of(*backend, {1, 2}))),
            (std::vector<float>{-1, -2}));
}

TEST_F(MemoryTest, MoreThanThereIsIsAnErrorWithTheNumbersAndTheRestGoesOn) {
  try {
    backend->allocate(std::size_t{1} << 46U);
    FAIL() << "64 TiB were there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    EXPECT_NE(std::string(error.what()).find("67108864.0 MiB"), std::string::npos) << error.what();
  }
  EXPECT_EQ(values_of(*backend, tensor_of(*backend, {5}))[0], 5);
}

}  // namespace
}  // namespace alpha::helios::test
