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

}  // namespace
}  // namespace alpha::helios::test
