#include "tests/helios/helios_test_base.h"

namespace alpha::helios::test {
namespace {

using Timing = Recorder::Timing;

class TimingTest : public testing::Test {
 protected:
  void SetUp() override {
    backend_ = open_helios();
    if (!backend_) GTEST_SKIP() << "no Vulkan device";
    if (backend_->device().info().timestamp_ns <= 0) GTEST_SKIP() << "no timestamps";
    x_ = full(*backend_, {1000}, 1.0);
  }

  std::unique_ptr<HeliosBackend> backend_;
  Tensor x_;
};

TEST_F(TimingTest, SpansAreThoseOfTheCommandsInTheirOrderOverManyBatches) {
  constexpr std::size_t kPairs = 3000;  // more commands than all batches on their way hold
  backend_->set_timing(Timing::spans);
  for (std::size_t i = 0; i < kPairs; ++i) {
    fill(*backend_, x_, 2);
    scale(*backend_, x_, 0.5);
  }
  const std::vector<Recorder::Span> spans = backend_->take_spans();
  ASSERT_EQ(spans.size(), 2 * kPairs);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_TRUE(spans[i].name.starts_with(i % 2 == 0 ? "fill" : "unary")) << i << spans[i].name;
    EXPECT_LE(spans[i].begin_ms, spans[i].end_ms) << i;
    const double before = i == 0 ? spans[i].begin_ms : spans[i - 1].end_ms;
    EXPECT_LE(before, spans[i].begin_ms) << i;
  }
  EXPECT_TRUE(backend_->take_spans().empty());
}

TEST_F(TimingTest, NothingIsMeasuredUnlessItIsAskedFor) {
  EXPECT_TRUE(backend_->take_times().empty());
  backend_->set_timing(Timing::sums);
  fill(*backend_, x_, 2);
  EXPECT_TRUE(backend_->take_spans().empty());
  const std::vector<Recorder::KernelTime> times = backend_->take_times();
  ASSERT_EQ(times.size(), 1U);
  EXPECT_EQ(times[0].n, 1);
  backend_->set_timing(Timing::spans);
  backend_->set_timing(Timing::none);
  fill(*backend_, x_, 3);
  EXPECT_TRUE(backend_->take_spans().empty());
  EXPECT_TRUE(backend_->take_times().empty());
  EXPECT_EQ(values_of(*backend_, x_), std::vector<float>(1000, 3));
}

/// A queue whose ticks have 36 bits and are about to begin anew: each is 10 after the one before.
namespace short_ticks {

constexpr std::uint32_t kBits = 36;
constexpr std::uint64_t kMask = (std::uint64_t{1} << kBits) - 1;
vk::Functions real;
std::uint64_t next = kMask - 35;

void VKAPI_CALL families(VkPhysicalDevice device, std::uint32_t* n, VkQueueFamilyProperties* all) {
  real.GetPhysicalDeviceQueueFamilyProperties(device, n, all);
  for (std::uint32_t i = 0; all != nullptr && i < *n; ++i) all[i].timestampValidBits = kBits;
}

VkResult VKAPI_CALL results(VkDevice /*device*/, VkQueryPool /*pool*/, std::uint32_t /*first*/,
                            std::uint32_t n, std::size_t /*size*/, void* data,
                            VkDeviceSize /*stride*/, VkQueryResultFlags /*flags*/) {
  auto* ticks = static_cast<std::uint64_t*>(data);
  for (std::uint32_t i = 0; i < n; ++i, next += 10) ticks[i] = next & kMask;
  return VK_SUCCESS;
}

void intercept(vk::Functions& vk) {
  const auto replace = [](auto& function, auto& original, auto* replacement) {
    if (function == nullptr || function == replacement) return;
    original = function;
    function = replacement;
  };
  replace(vk.GetPhysicalDeviceQueueFamilyProperties, real.GetPhysicalDeviceQueueFamilyProperties,
          families);
  replace(vk.GetQueryPoolResults, real.GetQueryPoolResults, results);
}

}  // namespace short_ticks

TEST_F(TimingTest, TicksThatBeginAnewGoOn) {
  const auto backend = open_helios({.vulkan = {.intercept = short_ticks::intercept}});
  ASSERT_EQ(backend->device().info().timestamp_bits, short_ticks::kBits);
  backend->set_timing(Timing::spans);
  const Tensor x = full(*backend, {1000}, 1.0);
  for (int i = 0; i < 8; ++i) scale(*backend, x, 0.5);
  const std::vector<Recorder::Span> spans = backend->take_spans();
  ASSERT_EQ(spans.size(), 9U);
  const double ms = 10e-6 * static_cast<double>(backend->device().info().timestamp_ns);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_NEAR(spans[i].begin_ms, static_cast<double>(2 * i) * ms, 1e-9) << i;
    EXPECT_NEAR(spans[i].end_ms, static_cast<double>(2 * i + 1) * ms, 1e-9) << i;
  }
  EXPECT_LT(short_ticks::next & short_ticks::kMask, 1000U) << "they have begun anew";
}

}  // namespace
}  // namespace alpha::helios::test
