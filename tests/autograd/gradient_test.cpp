// Every differentiable op: backward against central differences, in double on cpu_ref.
#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "alpha/autograd/gradcheck.h"
#include "alpha/autograd/ops.h"
#include "alpha/backends/backends.h"
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

class Gradient : public testing::TestWithParam<GradientCase> {};

TEST_P(Gradient, AgreesWithDifferences) {
  const GradientCase& c = GetParam();
  const auto backend = make_backend("cpu_ref");
  SeededRng rng(17);
  std::vector<Tensor> inputs;
  for (const Shape& shape : c.shapes) {
    std::vector<double> values(static_cast<std::size_t>(shape.numel()));
    for (double& value : values) value = c.low + (c.high - c.low) * rng.next();
    inputs.push_back(from_values(*backend, shape, std::span<const double>(values), DType::f64));
  }
  EXPECT_EQ(gradcheck(*backend, inputs, c.f), "");
}

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
                     return masked_fill(t, in[0], causal_mask(t.backend(), 4, DType::f64), -3);
                   }});
  cases.push_back({"cast", {{3}}, [](Tape& t, Inputs in) { return cast(t, in[0], DType::f64); }});
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
