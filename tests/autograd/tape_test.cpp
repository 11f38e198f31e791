#include "alpha/autograd/tape.h"

#include <cmath>

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>

#include "alpha/autograd/checkpoint.h"
#include "alpha/autograd/ops.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"

namespace alpha {
namespace {

class FusedAttention : public testing::TestWithParam<std::string_view> {};

TEST_P(FusedAttention, EqualsTheComposedPathForwardAndBackward) {
  const auto backend = make_backend(GetParam(), 2);
  for (const std::int64_t H : {1, 4, 12}) {
    for (const double p : {0.0, 0.1}) {
      const AttentionOptions options{
          .n_heads = H, .soft_cap = 30, .dropout = p, .key = {.seed = 9, .counter = 4}};
      SeededRng rng(1);
      const Tensor qkv = randn(*backend, {2, 37, 3 * 48}, rng, 2);
      const Tensor dy = randn(*backend, {2, 37, 48}, rng);
      Tape tape(*backend);
      const auto run = [&](Variable (*op)(Tape&, const Variable&, const AttentionOptions&)) {
        tape.clear();
        const Variable x = tape.leaf(qkv);
        const Variable y = op(tape, x, options);
        const std::vector<float> out = to_floats(*backend, y.data());
        tape.backward(y, dy);
        return std::pair(out, to_floats(*backend, tape.grad(x)));
      };
      const auto fused = run(attention);
      const auto composed = run(attention_composed);
      for (std::size_t i = 0; i < fused.first.size(); ++i) {
        ASSERT_NEAR(fused.first[i], composed.first[i], 2e-5) << H << " heads, p " << p;
      }
      for (std::size_t i = 0; i < fused.second.size(); ++i) {
        ASSERT_NEAR(fused.second[i], composed.second[i], 1e-4) << H << " heads, p " << p;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, FusedAttention, test::each_backend(), test::backend_test_name);

/// What a tape computes, on every backend.
class TapeOf : public testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Backend> backend = make_backend(GetParam(), 2);
};

INSTANTIATE_TEST_SUITE_P(Backends, TapeOf, test::each_backend(), test::backend_test_name);

TEST_P(TapeOf, AddsGradientsOfAParameterAcrossBackwardPasses) {
  const Variable w(full(*backend, {2}, 3), zeros(*backend, {2}));
  Tape tape(*backend);
  for (int i = 0; i < 3; ++i) {
    tape.clear();
    tape.backward(sum(tape, mul(tape, w, w)), 0.5);
  }
  EXPECT_EQ(to_floats(*backend, w.target().accumulator), (std::vector<float>{9, 9}));
}

TEST(Tape, RecordsNothingWhenItIsToldSo) {
  const auto backend = make_backend("cpu_ref");
  const Variable w(full(*backend, {2}, 3), zeros(*backend, {2}));
  Tape tape(*backend, false);
  EXPECT_FALSE(mul(tape, w, w).requires_grad());
}

TEST(Tape, FreesIntermediatesWhileItWalksBack) {
  cpu_ref::CpuRefBackend backend;
  HostMemory& memory = backend.memory();
  Tape tape(backend);
  const std::int64_t before = memory.stats().in_use_bytes;
  {
    Variable x = tape.leaf(full(backend, {1000}, 0.1));
    Variable y = x;
    for (int i = 0; i < 50; ++i) y = exp(tape, scale(tape, y, 0.01));
    const Variable loss = sum(tape, y);
    y = Variable();
    const std::int64_t peak_before_backward = memory.stats().peak_bytes;
    tape.backward(loss);
    // Backward needs a few temporaries, not another copy of everything.
    EXPECT_LT(memory.stats().peak_bytes, peak_before_backward + 8 * 4096);
  }
  tape.clear();
  EXPECT_EQ(memory.stats().in_use_bytes, before);
}

TEST(Tape, ASecondPassAsksTheSystemForNothing) {
  cpu_ref::CpuRefBackend backend;
  Tape tape(backend);
  const Variable w(full(backend, {64, 64}, 0.01), zeros(backend, {64, 64}));
  const Tensor x = full(backend, {32, 64}, 0.5);
  const auto pass = [&] {
    tape.clear();
    tape.backward(mean(tape, gelu(tape, linear(tape, Variable(x), w, Variable()))));
  };
  pass();
  const std::int64_t n = backend.memory().stats().n_system_allocations;
  for (int i = 0; i < 5; ++i) pass();
  EXPECT_EQ(backend.memory().stats().n_system_allocations, n);
}

TEST_P(TapeOf, ACheckpointGivesTheGradientOfThePlainBlock) {
  SeededRng rng(2);
  const Tensor x = randn(*backend, {4, 8}, rng);
  const Tensor weight = randn(*backend, {8, 8}, rng);
  const auto gradients = [&](bool is_checkpointed) {
    const Variable w(weight, zeros(*backend, {8, 8}));
    const auto block = [&](Tape& t, const Variable& v) {
      return dropout(t, gelu(t, linear(t, v, w, Variable())), 0.5, {.seed = 1, .counter = 2});
    };
    Tape tape(*backend);
    const Variable input = tape.leaf(x);
    Variable y = input;
    for (int i = 0; i < 3; ++i) y = is_checkpointed ? checkpoint(tape, y, block) : block(tape, y);
    tape.backward(sum(tape, y));
    return std::pair(to_floats(*backend, tape.grad(input)),
                     to_floats(*backend, w.target().accumulator));
  };
  EXPECT_EQ(gradients(true), gradients(false));
}

TEST_P(TapeOf, ALossHasTheSameGradientWhateverWasExpectedOfBackward) {
  SeededRng rng(3);
  const Tensor x = randn(*backend, {3, 37}, rng);
  const std::vector<std::int32_t> ids = {36, kIgnoreIndex, 5};
  const Tensor targets = from_values(*backend, {3}, std::span(ids));
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const auto gradient = [&](double expected, double seed) {
      Tape tape(*backend);
      const Variable logits = tape.leaf(cast(*backend, x, dtype));
      tape.backward(cross_entropy(tape, logits, targets, {.dloss = expected}), seed);
      return to_floats(*backend, tape.grad(logits));
    };
    const std::vector<float> truth = gradient(1.0 / 3, 1.0 / 3);
    for (const double expected : {1.0, -7.0}) {
      const std::vector<float> other = gradient(expected, 1.0 / 3);
      for (std::size_t i = 0; i < truth.size(); ++i) {
        // Rounded twice.
        ASSERT_NEAR(other[i], truth[i], std::abs(truth[i]) * (dtype == DType::f32 ? 1e-6 : 1e-2));
      }
    }
  }
}

TEST_P(TapeOf, ALossMayBeWalkedBackFromInEveryPassOfATape) {
  const Variable logits(full(*backend, {2, 4}, 0.5), zeros(*backend, {2, 4}));
  const std::vector<std::int32_t> ids = {1, 3};
  const Tensor targets = from_values(*backend, {2}, std::span(ids));
  Tape tape(*backend);
  for (const double seed : {1.0, 2.0}) {
    const Variable loss = cross_entropy(tape, logits, targets);
    tape.backward(loss, seed);
    tape.backward(loss, seed);  // nothing is recorded any more
  }
  const std::vector<float> gradient = to_floats(*backend, logits.target().accumulator);
  EXPECT_EQ(gradient,
            (std::vector<float>{0.375, -1.125, 0.375, 0.375, 0.375, 0.375, 0.375, -1.125}));
}

TEST_P(TapeOf, ACheckpointMayEndInALoss) {
  SeededRng rng(4);
  const Tensor x = randn(*backend, {3, 9}, rng);
  const std::vector<std::int32_t> ids = {8, 0, 5};
  const Tensor targets = from_values(*backend, {3}, std::span(ids));
  const auto gradient = [&](bool is_checkpointed) {
    const auto block = [&](Tape& t, const Variable& v) { return cross_entropy(t, v, targets); };
    Tape tape(*backend);
    const Variable logits = tape.leaf(x);
    tape.backward(is_checkpointed ? checkpoint(tape, logits, block) : block(tape, logits), 0.7);
    return to_floats(*backend, tape.grad(logits));
  };
  EXPECT_EQ(gradient(true), gradient(false));
}

TEST(Tape, ALossKeepsItsGradientInsteadOfTheLogits) {
  cpu_ref::CpuRefBackend backend;
  constexpr std::int64_t N = 64;
  constexpr std::int64_t V = 1000;
  const Tensor targets = zeros(backend, {N}, DType::i32);
  const Variable x(full(backend, {N, 8}, 0.1, DType::bf16));
  const Variable weight(full(backend, {V, 8}, 0.1, DType::bf16), zeros(backend, {V, 8}));
  Tape tape(backend);
  const std::int64_t before = backend.memory().stats().in_use_bytes;
  const Variable loss = cross_entropy(
      tape, linear(tape, x, weight, Variable(), {.is_output_accumulation_dtype = true}), targets);
  // bf16 of dlogits, nothing of f32 logits.
  EXPECT_LT(backend.memory().stats().in_use_bytes - before, N * V * 3);
  tape.backward(loss);
}

TEST_P(TapeOf, AWeightThatIsAlsoUsedElsewhereKeepsItsGradientToItself) {
  Tape tape(*backend);
  const Variable w = tape.leaf(ones(*backend, {2, 2}));
  const Variable u = tape.leaf(ones(*backend, {2, 2}));
  const Variable x(ones(*backend, {3, 2}));
  const Variable y = sum(tape, linear(tape, x, w, Variable()));
  tape.backward(add(tape, y, sum(tape, add(tape, w, u))));
  EXPECT_EQ(to_floats(*backend, tape.grad(w)), (std::vector<float>{4, 4, 4, 4}));
  EXPECT_EQ(to_floats(*backend, tape.grad(u)), (std::vector<float>{1, 1, 1, 1}));
}

TEST_P(TapeOf, ANarrowWeightMayBeUsedTwice) {
  Tape tape(*backend);
  const Variable w = tape.leaf(ones(*backend, {2, 2}, DType::bf16));
  const Variable x(ones(*backend, {3, 2}, DType::bf16));
  const Variable y = sum(tape, linear(tape, x, w, Variable()));
  tape.backward(add(tape, y, sum(tape, mul(tape, w, w))));
  EXPECT_EQ(to_floats(*backend, tape.grad(w)), (std::vector<float>{5, 5, 5, 5}));
}

TEST_P(TapeOf, ACheckpointTrainsItsParametersBehindAConstantAndAfterAFailure) {
  const Variable p(ones(*backend, {1, 2}), zeros(*backend, {1, 2}));
  const Variable x(ones(*backend, {3, 2}));
  Tape tape(*backend);
  bool must_fail = true;
  int n_calls = 0;
  const auto block = [&](Tape& t, const Variable& v) {
    if (must_fail && ++n_calls == 2) {
      Variable wrong = linear(t, v, p, Variable());
      static_cast<void>(wrong);
      fail_invalid("on purpose");
    }
    return linear(t, v, p, Variable());
  };
  EXPECT_THROW(tape.backward(sum(tape, checkpoint(tape, x, block))), Error);
  must_fail = false;
  tape.clear();
  tape.backward(sum(tape, checkpoint(tape, x, block)));
  EXPECT_EQ(to_floats(*backend, p.target().accumulator), (std::vector<float>{3, 3}));
}

TEST(Tape, RefusesALossWithMoreThanOneElement) {
  const auto backend = make_backend("cpu_ref");
  Tape tape(*backend);
  EXPECT_THROW(tape.backward(tape.leaf(zeros(*backend, {2}))), Error);
}

}  // namespace
}  // namespace alpha
