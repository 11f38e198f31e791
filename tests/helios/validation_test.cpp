// The validation layer watches ops and steps: what it says is a failure.
#include "tests/helios/training_step.h"

#include "alpha/helios/vk/foreign_leaks.h"

namespace alpha::helios::test {
namespace {

class ValidationTest : public testing::TestWithParam<const char*> {};

/// A bit of everything: products, reductions in several dispatches, attention, in-place updates,
/// views at odd places.
void run_some_of_everything(Backend& backend) {
  const std::int64_t N = 34;
  const std::int64_t C = 24;
  const Tensor x = tensor_of(backend, ramp(N * C)).reshape({N, C});
  const Tensor w = tensor_of(backend, ramp(3 * C * C)).reshape({3 * C, C});
  const Tensor g = tensor_of(backend, ramp(C));
  const Tensor qkv = linear(backend, x, w, Tensor()).reshape({2, N / 2, 3 * C});
  const AttentionOptions options = {.n_heads = 3, .soft_cap = 30, .dropout = 0.1, .key = {1, 2}};
  const AttentionResult forward = attention(backend, qkv, options);
  const Tensor dqkv = attention_backward(backend, qkv, forward, forward.out, options);
  const Tensor dw = zeros(backend, {3 * C, C});
  matmul_accumulate(backend, dqkv.reshape({N, 3 * C}), x, dw, {.trans_a = true});
  const LayerNormResult norm = layer_norm(backend, x, g, g);
  const Tensor dg = zeros(backend, {C});
  const Tensor db = zeros(backend, {C});
  layer_norm_backward(backend, x, g, norm, x, dg, db);
  const std::vector<std::int32_t> ids = {3, 1, 3, 0, 3};
  const Tensor indices = from_values(backend, {5}, std::span<const std::int32_t>(ids));
  embedding_backward(backend, indices, embedding(backend, w, indices), dw);
  const Tensor m = zeros(backend, {3 * C * C});
  const Tensor v = zeros(backend, {3 * C * C});
  const GradientScale step =
      gradient_scale(backend, w.flat(0, 7), sum_squares(backend, dw), 1, 100);
  adamw(backend, {.parameters = w.flat(0, 3 * C * C),
                  .gradients = dw.flat(0, 3 * C * C),
                  .m = m,
                  .v = v,
                  .copy = empty(backend, {3 * C * C}, DType::bf16),
                  .scale = step.scale,
                  .lr = 1e-3});
  add_in_place(backend, w.flat(5, 105), w.flat(205, 305));
  EXPECT_GT(to_scalar(backend, sum_squares(backend, w)), 0);
  EXPECT_EQ(to_doubles(backend, step.report).size(), 9U);
}

TEST_P(ValidationTest, HasNothingToSay) {
  if (!has_device()) GTEST_SKIP() << "no Vulkan device";
  const vk::ForeignLeaks leaks;  // validation of synchronization keeps some of what it has seen
  const auto backend = open_helios({.vulkan = {.validation = vk::parse_validation(GetParam())}});
  if (!backend) GTEST_SKIP() << "no validation layer";
  run_some_of_everything(*backend);
  for (const std::string& message : backend->instance().messages()) ADD_FAILURE() << message;
}

INSTANTIATE_TEST_SUITE_P(Vulkan, ValidationTest, testing::Values("core", "synchronization", "gpu"));

TEST(Validation, HasNothingToSayOfTrainingNorOfTimesThatAreMeasuredNorOfCommandsThatAreReused) {
  if (!has_device()) GTEST_SKIP() << "no Vulkan device";
  const vk::ForeignLeaks leaks;  // as above
  const auto expected = train_a_step(*open_helios());
  for (const bool is_timing : {true, false}) {
    const auto backend = open_helios(
        {.is_timing = is_timing, .vulkan = {.validation = vk::Validation::synchronization}});
    if (!backend) GTEST_SKIP() << "no validation layer";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(train_a_step(*backend), expected);
    EXPECT_EQ(backend->recorded().n_reused > 0, !is_timing);
    backend->trim();
    for (const std::string& message : backend->instance().messages()) ADD_FAILURE() << message;
  }
}

TEST(Validation, WhatItSaysArrives) {
  if (!has_device()) GTEST_SKIP() << "no Vulkan device";
  const auto backend = open_helios({.vulkan = {.validation = vk::Validation::core}});
  if (!backend) GTEST_SKIP() << "no validation layer";
  const VkBufferCreateInfo nothing = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                      .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
  VkBuffer buffer = VK_NULL_HANDLE;
  const Device& device = backend->device();
  if (device.functions().CreateBuffer(device.get(), &nothing, nullptr, &buffer) == VK_SUCCESS) {
    device.own<vk::Buffer>(buffer);
  }
  ASSERT_FALSE(backend->instance().messages().empty());
  EXPECT_NE(backend->instance().messages().front().find("size"), std::string::npos);
}

TEST(Validation, AnUnknownKindIsRefused) {
  EXPECT_EQ(code_of([] { vk::parse_validation("all"); }), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace alpha::helios::test
