// Every differentiable op: backward against central differences, in double on cpu_ref; and the
// gradients of each backend in f32 against those.
#include <cmath>
#include <functional>
#include <limits>

#include "tests/ops/backend_param.h"
#include "tests/ops/tolerance.h"
#include <gtest/gtest.h>

#include "alpha/autograd/gradcheck.h"
#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"

namespace alpha {
namespace {

using Inputs = std::span<const Variable>;

struct GradientCase {
  std::string name;
  std::vector<Shape> shapes;
  GradcheckFunction f;
  double low = -2;  // inputs are uniform in [low, high)
  double high = 2;
};

void PrintTo(const GradientCase& c, std::ostream* os) {
  *os << c.name;
}

/// The inputs of a case: numbers that f32 holds too.
std::vector<Tensor> inputs_of(const GradientCase& c, Backend& backend, DType dtype) {
  SeededRng rng(17);
  std::vector<Tensor> inputs;
  for (const Shape& shape : c.shapes) {
    std::vector<float> values(static_cast<std::size_t>(shape.numel()));
    for (float& value : values) value = static_cast<float>(c.low + (c.high - c.low) * rng.next());
    inputs.push_back(from_values(backend, shape, std::span<const float>(values), dtype));
  }
  return inputs;
}

/// What backward gives each input, for output gradients of fixed random numbers.
std::vector<std::vector<double>> gradients_of(const GradientCase& c, Backend& backend,
                                              DType dtype) {
  Tape tape(backend);
  std::vector<Variable> leaves;
  for (const Tensor& input : inputs_of(c, backend, dtype)) leaves.push_back(tape.leaf(input));
  const Variable y = c.f(tape, leaves);
  SeededRng rng(11);
  tape.backward(y, randn(backend, y.shape(), rng, 1, dtype));
  std::vector<std::vector<double>> gradients;
  for (const Variable& leaf : leaves) {
    const Tensor gradient = tape.grad(leaf);
    gradients.push_back(gradient.is_defined() ? to_doubles(backend, gradient)
                                              : std::vector<double>());
  }
  return gradients;
}

class Gradient : public testing::TestWithParam<GradientCase> {};

TEST_P(Gradient, AgreesWithDifferences) {
  const auto backend = make_backend("cpu_ref");
  EXPECT_EQ(gradcheck(*backend, inputs_of(GetParam(), *backend, DType::f64), GetParam().f), "");
}

/// All cases on one backend: opened once.
class GradientsOf : public testing::TestWithParam<std::string_view> {};

std::vector<GradientCase> all_cases();

TEST_P(GradientsOf, EveryOpInF32AreThoseInDouble) {
  const auto backend = make_backend(GetParam(), 2);
  const auto reference = make_backend("cpu_ref");
  const double tolerance = 10 * test::tolerance(DType::f32).epsilon;
  for (const GradientCase& c : all_cases()) {
    SCOPED_TRACE(c.name);
    const auto expected = gradients_of(c, *reference, DType::f64);
    const auto got = gradients_of(c, *backend, DType::f32);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].size(), expected[i].size());
      for (std::size_t j = 0; j < got[i].size(); ++j) {
        ASSERT_NEAR(got[i][j], expected[i][j], tolerance * (1 + std::abs(expected[i][j])))
            << "input " << i << ", element " << j;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, GradientsOf, test::each_backend(), test::backend_test_name);

template<Variable (*op)(Tape&, const Variable&, const Variable&)>
Variable binary(Tape& tape, Inputs in) {
  return op(tape, in[0], in[1]);
}

template<Variable (*op)(Tape&, const Variable&)>
Variable unary(Tape& tape, Inputs in) {
  return op(tape, in[0]);
}

Tensor ids(Tape& tape, const Shape& shape, std::initializer_list<std::int32_t> values) {
  const std::vector<std::int32_t> list(values);
  return from_values(tape.backend(), shape, std::span<const std::int32_t>(list));
}

std::vector<GradientCase> elementwise_cases() {
  std::vector<GradientCase> cases;
  const std::pair<Shape, Shape> shapes[] = {{{3, 4}, {3, 4}},    {{3, 4}, {4}}, {{4}, {3, 4}},
                                            {{2, 1, 3}, {5, 1}}, {{}, {2, 3}},  {{1}, {1}},
                                            {{0, 3}, {3}}};
  int i = 0;
  for (const auto& [a, b] : shapes) {
    const std::string suffix = "_" + std::to_string(i++);
    cases.push_back({"add" + suffix, {a, b}, binary<add>});
    cases.push_back({"sub" + suffix, {a, b}, binary<sub>});
    cases.push_back({"mul" + suffix, {a, b}, binary<mul>});
    cases.push_back({"div" + suffix, {a, b}, binary<div>, 0.5, 2});
  }
  cases.push_back({"a_variable_used_three_times", {{3}}, [](Tape& t, Inputs in) {
                     return mul(t, add(t, in[0], in[0]), in[0]);
                   }});
  cases.push_back({"neg", {{2, 3}}, unary<neg>});
  cases.push_back({"exp", {{2, 3}}, unary<exp>});
  cases.push_back({"log", {{2, 3}}, unary<log>, 0.3, 3});
  cases.push_back({"sqrt", {{2, 3}}, unary<sqrt>, 0.3, 3});
  cases.push_back({"pow", {{2, 3}}, [](Tape& t, Inputs in) { return pow(t, in[0], 2.5); }, 0.3, 3});
  cases.push_back({"scale", {{2, 3}}, [](Tape& t, Inputs in) { return scale(t, in[0], -1.5); }});
  cases.push_back(
      {"clamp", {{4, 5}}, [](Tape& t, Inputs in) { return clamp(t, in[0], -0.7, 0.9); }});
  cases.push_back({"relu", {{4, 5}}, unary<relu>});
  cases.push_back({"gelu", {{4, 5}}, unary<gelu>, -5, 5});
  cases.push_back({"silu", {{4, 5}}, unary<silu>, -5, 5});
  cases.push_back(
      {"soft_cap", {{4, 5}}, [](Tape& t, Inputs in) { return soft_cap(t, in[0], 3); }, -9, 9});
  cases.push_back({"swiglu", {{3, 4}, {3, 4}}, binary<swiglu>});
  return cases;
}

std::vector<GradientCase> reduction_cases() {
  std::vector<GradientCase> cases;
  cases.push_back({"sum_all", {{2, 3}}, unary<sum>});
  cases.push_back({"mean_all", {{2, 3}}, unary<mean>});
  for (const int axis : {0, 1, 2, -1}) {
    for (const bool keepdims : {false, true}) {
      const std::string suffix = "_axis" + std::to_string(axis + 1) + (keepdims ? "_kept" : "");
      cases.push_back({"sum" + suffix, {{2, 3, 4}}, [=](Tape& t, Inputs in) {
                         return sum(t, in[0], axis, keepdims);
                       }});
      cases.push_back({"mean" + suffix, {{2, 3, 4}}, [=](Tape& t, Inputs in) {
                         return mean(t, in[0], axis, keepdims);
                       }});
    }
  }
  cases.push_back({"broadcast_to", {{3, 1}}, [](Tape& t, Inputs in) {
                     return broadcast_to(t, in[0], {2, 3, 4});
                   }});
  for (const int axis : {0, 1, 2}) {
    const std::string suffix = "_axis" + std::to_string(axis);
    cases.push_back({"softmax" + suffix, {{2, 3, 4}}, [=](Tape& t, Inputs in) {
                       return softmax(t, in[0], axis);
                     }});
    cases.push_back({"log_softmax" + suffix, {{2, 3, 4}}, [=](Tape& t, Inputs in) {
                       return log_softmax(t, in[0], axis);
                     }});
    cases.push_back({"topk" + suffix, {{3, 3, 4}}, [=](Tape& t, Inputs in) {
                       return topk(t, in[0], 2, axis).values;
                     }});
  }
  return cases;
}

std::vector<GradientCase> product_cases() {
  std::vector<GradientCase> cases;
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      const Shape a = ta ? Shape{2, 1, 4, 3} : Shape{2, 1, 3, 4};
      const Shape b = tb ? Shape{1, 3, 5, 4} : Shape{1, 3, 4, 5};
      cases.push_back({std::string("matmul_") + (ta ? "T" : "N") + (tb ? "T" : "N"),
                       {a, b},
                       [=](Tape& t, Inputs in) {
                         return matmul(t, in[0], in[1], {.trans_a = ta, .trans_b = tb});
                       }});
    }
  }
  using enum Activation;
  for (const Activation activation : {none, gelu, relu, silu}) {
    const std::string name(to_string(activation));
    cases.push_back({"linear_" + name, {{2, 3, 4}, {5, 4}, {5}}, [=](Tape& t, Inputs in) {
                       return linear(t, in[0], in[1], in[2], {.activation = activation});
                     }});
    cases.push_back({"linear_without_bias_" + name, {{3, 4}, {5, 4}}, [=](Tape& t, Inputs in) {
                       return linear(t, in[0], in[1], Variable(), {.activation = activation});
                     }});
  }
  return cases;
}

std::vector<GradientCase> model_cases() {
  std::vector<GradientCase> cases;
  cases.push_back({"embedding_with_repeated_tokens", {{5, 3}}, [](Tape& t, Inputs in) {
                     return embedding(t, in[0], ids(t, {2, 3}, {4, 0, 4, 4, 1, 0}));
                   }});
  cases.push_back({"layer_norm", {{2, 3, 5}, {5}, {5}}, [](Tape& t, Inputs in) {
                     return layer_norm(t, in[0], in[1], in[2]);
                   }});
  cases.push_back({"layer_norm_without_bias", {{3, 5}, {5}}, [](Tape& t, Inputs in) {
                     return layer_norm(t, in[0], in[1], Variable());
                   }});
  cases.push_back(
      {"rms_norm", {{2, 3, 5}, {5}}, [](Tape& t, Inputs in) { return rms_norm(t, in[0], in[1]); }});
  cases.push_back({"cross_entropy", {{2, 3, 5}}, [](Tape& t, Inputs in) {
                     return cross_entropy(t, in[0], ids(t, {2, 3}, {4, 0, 1, 2, 3, 3}));
                   }});
  cases.push_back({"cross_entropy_with_ignored_rows", {{4, 5}}, [](Tape& t, Inputs in) {
                     return cross_entropy(t, in[0], ids(t, {4}, {4, -1, 1, -1}));
                   }});
  cases.push_back({"cross_entropy_of_ignored_rows_alone", {{2, 5}}, [](Tape& t, Inputs in) {
                     return cross_entropy(t, in[0], ids(t, {2}, {3, 3}), {.ignore_index = 3});
                   }});
  cases.push_back({"cross_entropy_that_expects_another_gradient", {{4, 7}}, [](Tape& t, Inputs in) {
                     return cross_entropy(t, in[0], ids(t, {4}, {6, -1, 1, 0}), {.dloss = -0.25});
                   }});
  cases.push_back({"cross_entropy_used_twice", {{3, 5}}, [](Tape& t, Inputs in) {
                     const Variable loss = cross_entropy(t, in[0], ids(t, {3}, {4, 0, 1}));
                     return add(t, mul(t, loss, loss), scale(t, loss, 3));
                   }});
  cases.push_back({"cross_entropy_of_logits_used_elsewhere", {{3, 5}}, [](Tape& t, Inputs in) {
                     const Variable logits = scale(t, in[0], 2);
                     const Variable first = cross_entropy(t, logits, ids(t, {3}, {4, 0, 1}));
                     const Variable second = cross_entropy(t, logits, ids(t, {3}, {2, 2, 2}));
                     return add(t, add(t, first, second), mean(t, mul(t, logits, logits)));
                   }});
  cases.push_back({"dropout", {{5, 7}}, [](Tape& t, Inputs in) {
                     return dropout(t, in[0], 0.4, {.seed = 3, .counter = 1});
                   }});
  cases.push_back({"residual_dropout", {{5, 7}, {5, 7}}, [](Tape& t, Inputs in) {
                     return residual_dropout(t, in[0], in[1], 0.4, {.seed = 3, .counter = 1});
                   }});
  return cases;
}

std::vector<GradientCase> layout_cases() {
  std::vector<GradientCase> cases;
  cases.push_back({"reshape", {{2, 6}}, [](Tape& t, Inputs in) {
                     return reshape(t, in[0], {3, 4});
                   }});
  cases.push_back(
      {"transpose", {{2, 3, 4}}, [](Tape& t, Inputs in) { return transpose(t, in[0], 0, 2); }});
  cases.push_back(
      {"slice", {{3, 5, 2}}, [](Tape& t, Inputs in) { return slice(t, in[0], 1, 1, 4); }});
  cases.push_back({"slice_of_every_axis", {{3, 5}}, [](Tape& t, Inputs in) {
                     const std::int64_t starts[] = {1, 2};
                     const std::int64_t ends[] = {3, 5};
                     return slice(t, in[0], starts, ends);
                   }});
  cases.push_back(
      {"cat", {{2, 3}, {2, 1}, {2, 2}}, [](Tape& t, Inputs in) { return cat(t, in, 1); }});
  cases.push_back({"gather", {{3, 4}}, [](Tape& t, Inputs in) {
                     return gather(t, in[0], 1, ids(t, {3, 2}, {3, 3, 0, 1, 2, 2}));
                   }});
  cases.push_back({"masked_fill", {{2, 4, 4}}, [](Tape& t, Inputs in) {
                     return masked_fill(t, in[0], causal_mask(t.backend(), 4, in[0].dtype()), -3);
                   }});
  cases.push_back(
      {"cast", {{3}}, [](Tape& t, Inputs in) { return cast(t, in[0], in[0].dtype()); }});
  return cases;
}

std::vector<GradientCase> attention_cases() {
  std::vector<GradientCase> cases;
  for (const std::int64_t H : {1, 2, 4}) {
    for (const double p : {0.0, 0.3}) {
      for (const double cap : {0.0, 1.5}) {
        const AttentionOptions options{
            .n_heads = H, .soft_cap = cap, .dropout = p, .key = {.seed = 5, .counter = 2}};
        const std::string suffix =
            "_heads" + std::to_string(H) + (p > 0 ? "_dropout" : "") + (cap > 0 ? "_capped" : "");
        cases.push_back({"attention" + suffix, {{2, 5, 24}}, [=](Tape& t, Inputs in) {
                           return attention(t, in[0], options);
                         }});
        cases.push_back({"attention_composed" + suffix, {{2, 5, 24}}, [=](Tape& t, Inputs in) {
                           return attention_composed(t, in[0], options);
                         }});
      }
    }
  }
  return cases;
}

std::vector<GradientCase> all_cases() {
  std::vector<GradientCase> all;
  for (const auto& some : {elementwise_cases(), reduction_cases(), product_cases(), model_cases(),
                           layout_cases(), attention_cases()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

const auto kName = [](const auto& test) { return test.param.name; };
INSTANTIATE_TEST_SUITE_P(Elementwise, Gradient, testing::ValuesIn(elementwise_cases()), kName);
INSTANTIATE_TEST_SUITE_P(Reductions, Gradient, testing::ValuesIn(reduction_cases()), kName);
INSTANTIATE_TEST_SUITE_P(Products, Gradient, testing::ValuesIn(product_cases()), kName);
INSTANTIATE_TEST_SUITE_P(ModelParts, Gradient, testing::ValuesIn(model_cases()), kName);
INSTANTIATE_TEST_SUITE_P(Layout, Gradient, testing::ValuesIn(layout_cases()), kName);
INSTANTIATE_TEST_SUITE_P(Attention, Gradient, testing::ValuesIn(attention_cases()), kName);

TEST(Gradcheck, NoticesAWrongGradient) {
  const auto backend = make_backend("cpu_ref");
  const std::vector<Tensor> inputs = {ones(*backend, {3}, DType::f64)};
  const std::string message = gradcheck(*backend, inputs, [](Tape& tape, Inputs in) {
    return tape.record(in[0].data(), {&in[0]}, [to = in[0].target()](Tape& t, const Tensor& dy) {
      t.add_grad(to, zeros(t.backend(), dy.shape(), dy.dtype()));
    });
  });
  EXPECT_NE(message, "");
}

}  // namespace
}  // namespace alpha
