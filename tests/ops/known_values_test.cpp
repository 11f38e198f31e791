#include <cmath>
#include <limits>
#include <memory>

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Numbers worked out by hand, so that the truth of the suite is not only its own witness.
class KnownValues : public testing::TestWithParam<std::string_view> {
 protected:
  Tensor tensor(const Shape& shape, std::vector<double> values, DType dtype = DType::f32) {
    return from_values(*backend_, shape, std::span<const double>(values), dtype);
  }

  Tensor integers(const Shape& shape, std::vector<std::int32_t> values) {
    return from_values(*backend_, shape, std::span<const std::int32_t>(values));
  }

  void expect_values(const Tensor& result, const Shape& shape, const std::vector<double>& expected,
                     double tolerance = 0) {
    ASSERT_EQ(result.shape(), shape);
    const std::vector<double> values = to_doubles(*backend_, result);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (std::isinf(expected[i]) || tolerance == 0) {
        EXPECT_EQ(values[i], expected[i]) << "element " << i;
      } else {
        EXPECT_NEAR(values[i], expected[i], tolerance) << "element " << i;
      }
    }
  }

  Backend& backend() { return *backend_; }

 private:
  std::unique_ptr<Backend> backend_ = make_backend(GetParam());
};

TEST_P(KnownValues, ActivationsAtOne) {
  const Tensor x = tensor({4}, {1, -1, 0, 3});
  expect_values(gelu(backend(), x), {4}, {0.8411920, -0.1588080, 0, 2.9963627}, 1e-6);
  expect_values(silu(backend(), x), {4}, {0.7310586, -0.2689414, 0, 2.8577224}, 1e-6);
  expect_values(relu(backend(), x), {4}, {1, 0, 0, 3});
  expect_values(soft_cap(backend(), tensor({3}, {30, -30, 0}), 30), {3}, {22.847825, -22.847825, 0},
                1e-5);
}

TEST_P(KnownValues, SlopesOfTheActivationsAtOne) {
  const Tensor x = tensor({2}, {1, 0});
  const Tensor dy = tensor({2}, {2, 2});
  expect_values(gelu_backward(backend(), x, dy), {2}, {2 * 1.0829641, 1}, 1e-5);
  expect_values(silu_backward(backend(), x, dy), {2}, {2 * 0.9276705, 1}, 1e-5);
  expect_values(soft_cap_backward(backend(), tensor({2}, {30, 0}), dy, 30), {2}, {2 * 0.4199743, 2},
                1e-5);
  expect_values(relu_backward(backend(), tensor({2}, {3, -3}), dy), {2}, {2, 0});
  expect_values(clamp_backward(backend(), tensor({2}, {0.5, 1}), dy, 0, 1), {2}, {2, 0});
}

TEST_P(KnownValues, SumsThatKeepTheirAxis) {
  const Tensor x = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_values(sum(backend(), x, 0, true), {1, 3}, {5, 7, 9});
  expect_values(sum(backend(), x, 1, true), {2, 1}, {6, 15});
  expect_values(sum(backend(), x, -1), {2}, {6, 15});
  expect_values(mean(backend(), x, 0), {3}, {2.5, 3.5, 4.5});
  expect_values(sum(backend(), x), {}, {21});
  expect_values(mean(backend(), x), {}, {3.5});
  const Tensor cube = tensor({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  expect_values(sum(backend(), cube, 1, true), {2, 1, 2}, {4, 6, 12, 14});
  EXPECT_EQ(to_scalar(backend(), sum_squares(backend(), x)), 91);
}

TEST_P(KnownValues, SoftmaxOfOneTwoThree) {
  const Tensor x = tensor({3}, {1, 2, 3});
  expect_values(softmax(backend(), x), {3}, {0.09003057, 0.24472847, 0.66524096}, 1e-6);
  expect_values(log_softmax(backend(), x), {3}, {-2.4076060, -1.4076060, -0.4076060}, 1e-6);
  const Tensor columns = tensor({3, 2}, {1, 7, 2, 7, 3, 7});
  expect_values(softmax(backend(), columns, 0), {3, 2},
                {0.09003057, 1.0 / 3, 0.24472847, 1.0 / 3, 0.66524096, 1.0 / 3}, 1e-6);
}

TEST_P(KnownValues, SoftmaxOfARowWithoutEntries) {
  const Tensor x = tensor({2, 2}, {-kInfinity, -kInfinity, 0, -kInfinity});
  expect_values(softmax(backend(), x), {2, 2}, {0, 0, 1, 0});
  expect_values(log_softmax(backend(), x), {2, 2}, {-kInfinity, -kInfinity, 0, -kInfinity});
}

TEST_P(KnownValues, GradientOfSoftmax) {
  const Tensor y = tensor({2}, {0.25, 0.75});
  expect_values(softmax_backward(backend(), y, tensor({2}, {1, 0})), {2}, {0.1875, -0.1875}, 1e-7);
  const Tensor log_y = tensor({2}, {std::log(0.25), std::log(0.75)});
  expect_values(log_softmax_backward(backend(), log_y, tensor({2}, {1, 0})), {2}, {0.75, -0.75},
                1e-6);
}

TEST_P(KnownValues, CrossEntropyOfOneTwoThree) {
  const Tensor logits = tensor({3, 3}, {1, 2, 3, 1, 2, 3, 50, -7, 0});
  const Tensor targets = integers({3}, {2, 0, kIgnoreIndex});
  const double loss = (0.4076060 + 2.4076060) / 2;
  expect_values(cross_entropy(backend(), logits, targets), {}, {loss}, 1e-6);
  const auto result = cross_entropy_gradient(backend(), logits, targets, DType::f32, 2);
  expect_values(result.loss, {}, {loss}, 1e-6);
  expect_values(result.dlogits, {3, 3},
                {0.09003057, 0.24472847, -0.33475904, -0.90996943, 0.24472847, 0.66524096, 0, 0, 0},
                1e-6);
}

TEST_P(KnownValues, CrossEntropyShowsALogitThatIsNoNumber) {
  const double nan = std::nan("");
  for (const std::int64_t n : {5, 257, 1025}) {  // alone in its part of the row, whatever the parts
    for (const std::int64_t at : {std::int64_t{0}, n / 2, n - 1}) {
      std::vector<double> row(static_cast<std::size_t>(n), 0.5);
      row[static_cast<std::size_t>(at)] = nan;
      const Tensor logits =
          from_values(backend(), {1, n}, std::span<const double>(row), DType::f32);
      const Tensor targets = integers({1}, {at == 1 ? 0 : 1});
      const Tensor loss = cross_entropy(backend(), logits, targets);
      EXPECT_TRUE(std::isnan(to_scalar(backend(), loss))) << at << " of " << n;
      const auto result = cross_entropy_gradient(backend(), logits, targets, DType::f32);
      EXPECT_TRUE(std::isnan(to_scalar(backend(), result.loss))) << at << " of " << n;
      for (const double value : to_doubles(backend(), result.dlogits)) {
        ASSERT_TRUE(std::isnan(value)) << at << " of " << n;
      }
    }
  }
}

TEST_P(KnownValues, CrossEntropyKeepsALogitThatIsNoNumberToItsRow) {
  const double nan = std::nan("");
  const Tensor logits = tensor({3, 2}, {0, 0, 1, nan, 0, 0});
  const auto ignored =
      cross_entropy_gradient(backend(), logits, integers({3}, {0, -1, 1}), DType::f32);
  expect_values(ignored.loss, {}, {0.6931472}, 1e-6);
  expect_values(ignored.dlogits, {3, 2}, {-0.25, 0.25, 0, 0, 0.25, -0.25}, 1e-6);
  const auto counted =
      cross_entropy_gradient(backend(), logits, integers({3}, {0, 0, -1}), DType::f32);
  const std::vector<double> dlogits = to_doubles(backend(), counted.dlogits);
  EXPECT_NEAR(dlogits[0], -0.25, 1e-6);
  EXPECT_TRUE(std::isnan(dlogits[2]) && std::isnan(dlogits[3]));
  EXPECT_EQ(dlogits[4], 0);
}

TEST_P(KnownValues, CrossEntropyGivesALogitOfMinusInfinityNoProbability) {
  const Tensor logits = tensor({2, 3}, {0, -kInfinity, 0, -kInfinity, 5, -kInfinity});
  const auto result = cross_entropy_gradient(backend(), logits, integers({2}, {0, 1}), DType::f32);
  expect_values(result.loss, {}, {0.6931472 / 2}, 1e-6);
  expect_values(result.dlogits, {2, 3}, {-0.25, 0, 0.25, 0, 0, 0}, 1e-6);
}

TEST_P(KnownValues, CrossEntropyOfNothingButMinusInfinityIsNoNumber) {
  const Tensor logits = tensor({1, 2}, {-kInfinity, -kInfinity});
  const auto result = cross_entropy_gradient(backend(), logits, integers({1}, {0}), DType::f32);
  EXPECT_TRUE(std::isnan(to_scalar(backend(), result.loss)));
  for (const double value : to_doubles(backend(), result.dlogits)) EXPECT_TRUE(std::isnan(value));
}

TEST_P(KnownValues, CrossEntropyWithoutACountedRowIsZero) {
  const Tensor logits = tensor({2, 2}, {1, 2, 3, 4});
  const Tensor targets = integers({2}, {9, 9});
  expect_values(cross_entropy(backend(), logits, targets, 9), {}, {0});
  const auto result = cross_entropy_gradient(backend(), logits, targets, DType::f32, 1, 9);
  expect_values(result.loss, {}, {0});
  expect_values(result.dlogits, {2, 2}, {0, 0, 0, 0});
}

TEST_P(KnownValues, LayerNormOfOneToFour) {
  const Tensor x = tensor({4}, {1, 2, 3, 4});
  const Tensor weight = tensor({4}, {1, 1, 2, 2});
  const Tensor bias = tensor({4}, {0, 1, 0, 1});
  // mean 2.5, variance 1.25
  const auto result = layer_norm(backend(), x, weight, bias, 0);
  expect_values(result.out, {4}, {-1.3416408, 0.5527864, 0.8944272, 3.6832816}, 1e-6);
  expect_values(result.mean, {1}, {2.5}, 1e-6);
  expect_values(result.rstd, {1}, {0.8944272}, 1e-6);
}

TEST_P(KnownValues, LayerNormGradientsAddUpOverRowsAndCalls) {
  const Tensor x = tensor({2, 2}, {0, 2, 0, 2});  // normalised to -1, 1
  const Tensor weight = tensor({2}, {1, 1});
  const auto forward = layer_norm(backend(), x, weight, Tensor(), 0);
  const Tensor dweight = tensor({2}, {10, 10});
  const Tensor dbias = tensor({2}, {20, 20});
  const Tensor dy = tensor({2, 2}, {1, 2, 3, 4});
  const Tensor dx = layer_norm_backward(backend(), x, weight, forward, dy, dweight, dbias);
  expect_values(dx, {2, 2}, {0, 0, 0, 0}, 1e-6);  // two elements have no direction left to move
  expect_values(dweight, {2}, {10 - 4, 10 + 6}, 1e-5);
  expect_values(dbias, {2}, {24, 26}, 1e-5);
}

TEST_P(KnownValues, RmsNormOfThreeAndFour) {
  const auto result = rms_norm(backend(), tensor({2}, {3, 4}), tensor({2}, {1, 2}), 0);
  expect_values(result.out, {2}, {0.8485281, 2.2627417}, 1e-6);  // rms √12.5
  expect_values(result.rstd, {1}, {0.2828427}, 1e-6);
}

TEST_P(KnownValues, ProductsOfSmallIntegers) {
  const Tensor a = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor b = tensor({3, 2}, {7, 8, 9, 10, 11, 12});
  expect_values(matmul(backend(), a, b), {2, 2}, {58, 64, 139, 154});
  expect_values(matmul(backend(), a, a, {.trans_b = true}), {2, 2}, {14, 32, 32, 77});
  expect_values(matmul(backend(), a, a, {.trans_a = true}), {3, 3},
                {17, 22, 27, 22, 29, 36, 27, 36, 45});
  expect_values(matmul(backend(), b, a, {.trans_a = true, .trans_b = true}), {2, 2},
                {58, 139, 64, 154});
  const Tensor into = tensor({2, 2}, {1, 1, 1, 1});
  matmul_accumulate(backend(), a, b, into);
  expect_values(into, {2, 2}, {59, 65, 140, 155});
}

TEST_P(KnownValues, LinearAppliesTheActivationAfterTheBias) {
  const Tensor x = tensor({1, 2}, {1, 2});
  const Tensor weight = tensor({2, 2}, {1, 1, -1, -1});
  const Tensor bias = tensor({2}, {-2, 1});
  Tensor pre;
  const Tensor out =
      linear(backend(), x, weight, bias, {.activation = Activation::relu, .pre = &pre});
  expect_values(pre, {1, 2}, {1, -2});
  expect_values(out, {1, 2}, {1, 0});
}

TEST_P(KnownValues, WideLinearOutputOfBf16IsNotRounded) {
  const Tensor x = tensor({1, 2}, {1, 0.00390625}, DType::bf16);
  const Tensor weight = tensor({1, 2}, {1, 1}, DType::bf16);
  const Tensor wide =
      linear(backend(), x, weight, Tensor(), {.is_output_accumulation_dtype = true});
  EXPECT_EQ(wide.dtype(), DType::f32);
  expect_values(wide, {1, 1}, {1.00390625});
  expect_values(linear(backend(), x, weight, Tensor()), {1, 1}, {1});
}

TEST_P(KnownValues, EmbeddingAndItsGradient) {
  const Tensor weight = tensor({3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor tokens = integers({1, 3}, {2, 0, 2});
  expect_values(embedding(backend(), weight, tokens), {1, 3, 2}, {5, 6, 1, 2, 5, 6});
  const Tensor dweight = tensor({3, 2}, {100, 100, 100, 100, 100, 100});
  embedding_backward(backend(), tokens, tensor({1, 3, 2}, {1, 2, 3, 4, 5, 6}), dweight);
  expect_values(dweight, {3, 2}, {103, 104, 100, 100, 106, 108});
}

TEST_P(KnownValues, DropoutKeepsWhatTheKeyKeeps) {
  // The original's uniforms of seed 42, counter 0: 0.033 0.107 0.793 0.353 0.526 0.286 0.450 0.674.
  const Tensor x = tensor({8}, {1, 2, 3, 4, 5, 6, 7, 8});
  const DropoutKey key = {.seed = 42, .counter = 0};
  expect_values(dropout(backend(), x, 0.5, key), {8}, {0, 0, 6, 0, 10, 0, 0, 16});
  expect_values(residual_dropout(backend(), x, x, 0.5, key), {8}, {1, 2, 9, 4, 15, 6, 7, 24});
  expect_values(dropout(backend(), x, 0, key), {8}, {1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_P(KnownValues, TopkOrdersEqualsByIndex) {
  const auto result = topk(backend(), tensor({6}, {2, 7, 7, 1, 7, 2}), 5);
  expect_values(result.values, {5}, {7, 7, 7, 2, 2});
  expect_values(result.indices, {5}, {1, 2, 4, 0, 5});
  const auto columns = topk(backend(), tensor({3, 2}, {1, 6, 5, 2, 3, 4}), 2, 0);
  expect_values(columns.values, {2, 2}, {5, 6, 3, 4});
  expect_values(columns.indices, {2, 2}, {1, 0, 2, 2});
}

TEST_P(KnownValues, ArgmaxTakesTheFirstOfEquals) {
  const Tensor x = tensor({2, 4}, {1, 5, 5, 0, -3, -9, -3, -8});
  expect_values(argmax(backend(), x), {2}, {1, 0});
  expect_values(argmax(backend(), x, 0), {4}, {0, 0, 0, 0});
  expect_values(argmax_all(backend(), x), {}, {1});
  expect_values(argmax(backend(), integers({3}, {-1, 9, 9})), {}, {1});
}

TEST_P(KnownValues, ArgmaxOfMinusInfinitiesIsTheFirst) {
  const Tensor x = tensor({1, 3}, {-kInfinity, -kInfinity, -kInfinity});
  expect_values(argmax(backend(), x), {1}, {0});
}

TEST_P(KnownValues, GatherAndScatterAdd) {
  const Tensor x = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_values(gather(backend(), x, 1, integers({2, 2}, {2, 0, 1, 1})), {2, 2}, {3, 1, 5, 5});
  expect_values(gather(backend(), x, 0, integers({1, 3}, {1, 0, 1})), {1, 3}, {4, 2, 6});
  const Tensor dy = tensor({2, 2}, {10, 20, 30, 40});
  expect_values(scatter_add(backend(), dy, 1, integers({2, 2}, {2, 0, 1, 1}), {2, 3}), {2, 3},
                {20, 0, 10, 0, 70, 0});
}

TEST_P(KnownValues, LayoutOps) {
  const Tensor x = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_values(transpose(backend(), x, 0, 1), {3, 2}, {1, 4, 2, 5, 3, 6});
  expect_values(slice(backend(), x, 1, 1, 3), {2, 2}, {2, 3, 5, 6});
  const std::vector<Tensor> parts = {x, tensor({2, 1}, {7, 8})};
  expect_values(cat(backend(), parts, -1), {2, 4}, {1, 2, 3, 7, 4, 5, 6, 8});
  const Tensor into = zeros(backend(), {3, 3});
  const std::vector<std::int64_t> starts = {1, 0};
  write_slice(backend(), x, into, starts);
  expect_values(into, {3, 3}, {0, 0, 0, 1, 2, 3, 4, 5, 6});
}

TEST_P(KnownValues, CausalMaskHidesWhatComesLater) {
  expect_values(causal_mask(backend(), 3), {3, 3},
                {0, -kInfinity, -kInfinity, 0, 0, -kInfinity, 0, 0, 0});
  const Tensor scores = tensor({2, 2}, {1, 1, 1, 1});
  expect_values(softmax(backend(), add(backend(), scores, causal_mask(backend(), 2))), {2, 2},
                {1, 0, 0.5, 0.5}, 1e-7);
  expect_values(masked_fill(backend(), scores, causal_mask(backend(), 2), 9), {2, 2}, {1, 9, 1, 1});
}

TEST_P(KnownValues, OperandsOfDifferentDTypesMeet) {
  const Tensor i = integers({2}, {3, -4});
  const Tensor narrow = tensor({2}, {0.5, 1}, DType::bf16);
  const Tensor half = tensor({2}, {0.25, 1}, DType::f16);
  EXPECT_EQ(add(backend(), i, narrow).dtype(), DType::bf16);
  EXPECT_EQ(add(backend(), narrow, half).dtype(), DType::f32);
  EXPECT_EQ(mul(backend(), i, i).dtype(), DType::i32);
  expect_values(add(backend(), i, narrow), {2}, {3.5, -3});
  expect_values(mul(backend(), narrow, half), {2}, {0.125, 1});
  if (!has_f64(backend())) return;
  const Tensor wide = tensor({2}, {0.1, 0.1}, DType::f64);
  EXPECT_EQ(add(backend(), half, wide).dtype(), DType::f64);
  expect_values(add(backend(), wide, i), {2}, {3.1, -3.9});
}

TEST_P(KnownValues, FirstAdamwStepMovesByTheSignOfTheGradient) {
  AdamwArgs args = {.parameters = tensor({4}, {1, 1, -2, 0}),
                    .gradients = tensor({4}, {0.001, -300, 5, 0}),
                    .m = zeros(backend(), {4}),
                    .v = zeros(backend(), {4}),
                    .copy = empty(backend(), {4}, DType::bf16),
                    .scale = ones(backend(), {}),
                    .lr = 0.25,
                    .bias_correction1 = 1 - 0.9,
                    .bias_correction2 = 1 - 0.999};
  adamw(backend(), args);
  expect_values(args.parameters, {4}, {0.75, 1.25, -2.25, 0}, 1e-5);
  expect_values(args.m, {4}, {0.0001, -30, 0.5, 0}, 1e-5);
  expect_values(args.v, {4}, {1e-9, 90, 0.025, 0}, 1e-4);
  expect_values(args.copy, {4}, {0.75, 1.25, -2.25, 0}, 0.02);
}

TEST_P(KnownValues, AdamwDecaysTheParameterBeforeItsStep) {
  const AdamwArgs args = {.parameters = tensor({1}, {8}),
                          .gradients = tensor({1}, {4}),
                          .m = zeros(backend(), {1}),
                          .v = zeros(backend(), {1}),
                          .copy = {},
                          .scale = full(backend(), {}, 0.5),
                          .lr = 0.5,
                          .beta1 = 0.5,
                          .beta2 = 0.5,
                          .eps = 1,
                          .weight_decay = 0.25,
                          .bias_correction1 = 0.5,
                          .bias_correction2 = 0.5};
  adamw(backend(), args);
  // g = 2, m = 1, v = 2: 8 - 0.5 · 0.25 · 8 - 0.5 · 2 / (2 + 1).
  expect_values(args.parameters, {1}, {7 - 1.0 / 3}, 1e-6);
  expect_values(args.m, {1}, {1});
  expect_values(args.v, {1}, {2});
}

TEST_P(KnownValues, AdamwHandlesLargeGradientsWithoutOverflow) {
  const AdamwArgs args = {.parameters = tensor({1}, {0}),
                          .gradients = tensor({1}, {1e18}),
                          .m = zeros(backend(), {1}),
                          .v = zeros(backend(), {1}),
                          .copy = {},
                          .scale = ones(backend(), {}),
                          .lr = 0.5,
                          .bias_correction1 = 1 - 0.9,
                          .bias_correction2 = 1 - 0.999};
  adamw(backend(), args);
  expect_values(args.parameters, {1}, {-0.5}, 1e-5);
}

TEST_P(KnownValues, SgdGoesAlongWhatItsMomentumHasGathered) {
  const SgdArgs args = {.parameters = tensor({2}, {8, -1}),
                        .gradients = tensor({2}, {4, 2}),
                        .m = tensor({2}, {1, 0}),
                        .copy = {},
                        .scale = full(backend(), {}, 0.5),
                        .lr = 0.5,
                        .momentum = 0.25,
                        .weight_decay = 0.25};
  sgd(backend(), args);
  // g = 2 and 1, m = 2.25 and 1: p - 0.5 · 0.25 · p - 0.5 · m.
  expect_values(args.m, {2}, {2.25, 1});
  expect_values(args.parameters, {2}, {5.875, -1.375});
}

TEST_P(KnownValues, SgdWithoutMomentumGoesDownTheGradient) {
  const SgdArgs args = {.parameters = tensor({2}, {8, -1}),
                        .gradients = tensor({2}, {4, -2}),
                        .m = {},
                        .copy = {},
                        .scale = ones(backend(), {}),
                        .lr = 0.5};
  sgd(backend(), args);
  expect_values(args.parameters, {2}, {6, 0});
}

TEST_P(KnownValues, LionStepsByTheSignOfItsMeanAndStaysWhereThatIsZero) {
  const LionArgs args = {.parameters = tensor({3}, {8, 8, -1}),
                         .gradients = tensor({3}, {4, -300, 0}),
                         .m = tensor({3}, {-1, 0, 0}),
                         .copy = {},
                         .scale = full(backend(), {}, 0.5),
                         .lr = 0.5,
                         .beta1 = 0.75,
                         .beta2 = 0.5,
                         .weight_decay = 0.25};
  lion(backend(), args);
  // g = 2, -150 and 0: means of -0.25, -37.5 and 0.
  expect_values(args.parameters, {3}, {7.5, 7.5, -0.875});
  expect_values(args.m, {3}, {0.5, -75, 0});
}

TEST_P(KnownValues, AStepThatIsSkippedLeavesEveryBit) {
  // Of what a step would change: numbers that are none, and such as are not 0 but once written.
  const std::vector<double> odd = {1, -0.0, kInfinity, 1e-42, -8, 0, 3, 7, 9};
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const auto some = [&] { return tensor({9}, odd, dtype); };
    const Tensor gradients = full(backend(), {9}, std::nan(""), dtype);
    const Tensor scale = zeros(backend(), {});
    const Tensor p = some();
    const Tensor m = some();
    const Tensor v = some();
    const Tensor copy = tensor({9}, odd, DType::bf16);
    const auto bytes = [&] {
      std::vector<std::vector<std::byte>> all;
      for (const Tensor& each : {p, m, v, copy}) {
        backend().download(each, all.emplace_back(each.size_bytes()).data());
      }
      return all;
    };
    const auto before = bytes();
    adamw(backend(), {.parameters = p,
                      .gradients = gradients,
                      .m = m,
                      .v = v,
                      .copy = copy,
                      .scale = scale,
                      .lr = 1,
                      .weight_decay = 0.5});
    EXPECT_EQ(bytes(), before) << to_string(dtype);
    for (const Tensor& momentum : {m, Tensor()}) {
      sgd(backend(), {.parameters = p,
                      .gradients = gradients,
                      .m = momentum,
                      .copy = copy,
                      .scale = scale,
                      .lr = 1,
                      .weight_decay = 0.5});
      EXPECT_EQ(bytes(), before) << to_string(dtype);
    }
    lion(backend(), {.parameters = p,
                     .gradients = gradients,
                     .m = m,
                     .copy = copy,
                     .scale = scale,
                     .lr = 1,
                     .weight_decay = 0.5});
    EXPECT_EQ(bytes(), before) << to_string(dtype);
  }
}

TEST_P(KnownValues, GradientsCountAsTheLimitsSayAndTheReportTellsIt) {
  const auto report_of = [&](double squares, double clip, double spike_threshold) {
    const Tensor sum = empty(backend(), {}, DType::f64);
    backend().upload(&squares, sum);
    const auto [scale, report] =
        gradient_scale(backend(), tensor({2}, {0.5, 3}), sum, clip, spike_threshold);
    const std::vector<double> told = to_doubles(backend(), report);
    EXPECT_EQ(static_cast<float>(told.back()), to_scalar(backend(), scale));
    EXPECT_EQ(told[0], 0.5);
    EXPECT_EQ(told[1], 3);
    EXPECT_EQ(told[2], squares);
    return told[3];
  };
  EXPECT_EQ(report_of(16, 0, 0), 1);
  EXPECT_EQ(report_of(16, 4, 4), 1);
  EXPECT_EQ(report_of(16, 1, 0), 0.25);
  EXPECT_EQ(report_of(16, 1, 3.9), 0);
  EXPECT_EQ(report_of(0x1p300, 0x1p100, 0), 0x1p-50);
  EXPECT_EQ(report_of(kInfinity, 0, 0), 0);
  EXPECT_NEAR(report_of(9, 1, 0), 1.0 / 3, 1e-7);
  // The device decides with all digits of the sum.
  EXPECT_EQ(report_of(16.00000000000001, 0, 4), 0);
  EXPECT_EQ(report_of(16, 0, 3.9999999999999996), 0);
}

INSTANTIATE_TEST_SUITE_P(Ops, KnownValues, each_backend(), backend_test_name);

}  // namespace
}  // namespace alpha::test
