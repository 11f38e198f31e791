#include <array>

#include "tests/helios/helios_test_base.h"

namespace alpha::helios::test {
namespace {

const auto kOne = reinterpret_cast<VkBuffer>(1);  // NOLINT(performance-no-int-to-ptr)
const auto kTwo = reinterpret_cast<VkBuffer>(2);  // NOLINT(performance-no-int-to-ptr)

TEST(Hazards, ReadsBesideReadsNeedNoBarrierAndEveryOtherOverlapDoes) {
  const std::array range = {Range{kOne, 100, 200}};
  const std::array overlapping = {Range{kOne, 199, 300}};
  const std::array behind = {Range{kOne, 200, 300}};
  const std::array elsewhere = {Range{kTwo, 100, 200}};
  Hazards hazards;
  EXPECT_FALSE(hazards.needs_barrier(range, range));
  hazards.add(range, {});
  EXPECT_FALSE(hazards.needs_barrier(overlapping, {})) << "read after read";
  EXPECT_TRUE(hazards.needs_barrier({}, overlapping)) << "write after read";
  EXPECT_FALSE(hazards.needs_barrier({}, behind));
  EXPECT_FALSE(hazards.needs_barrier({}, elsewhere));
  hazards.clear();
  hazards.add({}, range);
  EXPECT_TRUE(hazards.needs_barrier(overlapping, {})) << "read after write";
  EXPECT_TRUE(hazards.needs_barrier({}, overlapping)) << "write after write";
  EXPECT_FALSE(hazards.needs_barrier(behind, elsewhere));
}

class RecorderTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no Vulkan device";
    backend = open_helios();
  }

  KernelCall neg_of(const std::vector<Tensor>& tensors) {
    parameters = {static_cast<std::uint32_t>(tensors.front().numel()), 0, 0};
    return {.shader = &find_shader("unary.f32"),
            .constants = {64, 0},
            .tensors = tensors,
            .parameters = std::as_bytes(std::span(parameters))};
  }

  std::unique_ptr<HeliosBackend> backend;
  std::array<std::uint32_t, 3> parameters = {};
};

TEST_F(RecorderTest, IndependentOpsHaveNoBarrierBetweenThem) {
  const Tensor x = tensor_of(*backend, ramp(1000));
  const Tensor first = neg(*backend, x);  // behind the upload
  const auto before = backend->recorded();
  const Tensor a = neg(*backend, x);
  const Tensor b = relu(*backend, x);
  EXPECT_EQ(backend->recorded().n_barriers, before.n_barriers);
  add(*backend, a, b);
  EXPECT_EQ(backend->recorded().n_barriers, before.n_barriers + 1);
  EXPECT_EQ(backend->recorded().n_dispatches, before.n_dispatches + 3);
}

TEST_F(RecorderTest, ADispatchThatDoesNotFitItsShaderIsRefusedBeforeItIsRecorded) {
  const Tensor x = tensor_of(*backend, ramp(100));
  const Tensor out = empty(*backend, {100}, DType::f32);
  const auto before = backend->recorded();
  const std::vector<Tensor> one = {x};
  const std::vector<Tensor> three = {x, out, out};
  const std::vector<Tensor> two = {x, out};
  EXPECT_EQ(code_of([&] { backend->dispatch(neg_of(one)); }), ErrorCode::internal);
  EXPECT_EQ(code_of([&] { backend->dispatch(neg_of(three)); }), ErrorCode::internal);
  KernelCall call = neg_of(two);
  call.parameters = call.parameters.first(8);
  EXPECT_EQ(code_of([&] { backend->dispatch(call); }), ErrorCode::internal);
  call = neg_of(two);
  call.groups_y = 70'000;
  EXPECT_EQ(code_of([&] { backend->dispatch(call); }), ErrorCode::internal);
  EXPECT_EQ(backend->recorded().n_dispatches, before.n_dispatches);
  backend->dispatch(neg_of(two));
  EXPECT_EQ(values_of(*backend, out)[65], -ramp(100)[65]);
}

TEST_F(RecorderTest, ATensorOfAnotherBackendIsRefused) {
  const auto other = open_helios();
  const std::vector<Tensor> tensors = {tensor_of(*other, ramp(100)),
                                       empty(*backend, {100}, DType::f32)};
  EXPECT_EQ(code_of([&] { backend->dispatch(neg_of(tensors)); }), ErrorCode::internal);
}

TEST_F(RecorderTest, ManyOpsGoInBatchesAndComeOutInOrder) {
  Tensor x = tensor_of(*backend, {1, 2, 3});
  for (int i = 0; i < 3000; ++i) x = scale(*backend, x, i % 2 == 0 ? 2 : 0.5);
  EXPECT_EQ(values_of(*backend, x), (std::vector<float>{1, 2, 3}));
  EXPECT_GT(backend->recorded().n_submits, 10);
}

}  // namespace
}  // namespace alpha::helios::test
