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

/// The same ops each time, more than a piece of them, with memory that comes and goes.
std::vector<float> run_a_step(HeliosBackend& backend, const Tensor& input, std::int32_t seed) {
  Tensor x = input;
  for (std::uint32_t i = 0; i < 30; ++i) {
    const Tensor more = scale(backend, x, 0.5);
    x = add(backend, more, dropout(backend, x, 0.25, {.seed = seed, .counter = i}));
  }
  return values_of(backend, x);
}

TEST_F(RecorderTest, AStepThatComesAgainIsWrittenOnce) {
  const Tensor x = tensor_of(*backend, ramp(1000));
  const std::vector<float> expected = run_a_step(*backend, x, 1);
  run_a_step(*backend, x, 1);
  const auto before = backend->recorded();
  EXPECT_EQ(run_a_step(*backend, x, 1), expected);
  const auto behind = backend->recorded();
  const std::int64_t n_copies = 1;  // its result, which goes elsewhere each time
  EXPECT_EQ(behind.n_reused - before.n_reused, behind.n_pieces - before.n_pieces - n_copies);
  EXPECT_GE(behind.n_reused - before.n_reused, 3);
}

TEST_F(RecorderTest, WhatIsWrittenOnceSeesNumbersThatChange) {
  const Tensor x = tensor_of(*backend, ramp(1000));
  const auto other = open_helios();
  const Tensor y = tensor_of(*other, ramp(1000));
  std::int64_t n_reused = 0;
  for (std::int32_t seed = 1; seed < 6; ++seed) {
    const auto before = backend->recorded();
    const std::vector<float> got = run_a_step(*backend, x, seed);
    n_reused += backend->recorded().n_reused - before.n_reused;
    // On a backend that writes every piece anew.
    other->set_timing(Recorder::Timing::sums);
    EXPECT_EQ(got, run_a_step(*other, y, seed));
  }
  EXPECT_GE(n_reused, 9);
  EXPECT_EQ(other->recorded().n_reused, 0);
}

TEST_F(RecorderTest, WhatWasWrittenForMemoryThatIsGoneIsNotUsedAgain) {
  std::vector<float> first;
  for (int i = 0; i < 4; ++i) {
    const Tensor x = tensor_of(*backend, ramp(1000 + i % 2));
    const std::vector<float> got = run_a_step(*backend, x, 1);
    if (i == 0) first = got;
    if (i == 2) {
      EXPECT_EQ(got, first);
    }
    backend->trim();
  }
}

TEST_F(RecorderTest, WhatComesAgainBeforeItIsDoneIsRightToo) {
  const std::vector<Tensor> there = {tensor_of(*backend, {1, 2, 3}), empty(*backend, {3})};
  const std::vector<Tensor> back = {there[1], there[0]};
  for (int i = 0; i < 1000; ++i) {
    backend->dispatch(neg_of(there));
    backend->dispatch(neg_of(back));
  }
  backend->dispatch(neg_of(there));
  EXPECT_EQ(values_of(*backend, there[1]), (std::vector<float>{-1, -2, -3}));
}

}  // namespace
}  // namespace alpha::helios::test
