#include <cmath>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/linear.h"

namespace alpha::test {

namespace {

constexpr std::array kActivations = {Activation::none, Activation::gelu, Activation::relu,
                                     Activation::silu};

struct Layer {
  Shape x;
  std::int64_t M = 1;
  bool has_bias = true;
  bool has_pre = false;
  bool is_wide = false;  // the output in the accumulation dtype
  Activation activation = Activation::none;
};

std::string name_of(const Layer& layer) {
  return fmt::format("{}_to_{}_{}{}{}{}", shape_name(layer.x), layer.M, to_string(layer.activation),
                     layer.has_bias ? "_bias" : "", layer.has_pre ? "_pre" : "",
                     layer.is_wide ? "_wide" : "");
}

/// Weights of size 1/√K, so that outputs are of size 1 as in a model.
OpCase linear_case(const Layer& layer) {
  return {.op = OpId::linear,
          .name = name_of(layer),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const std::int64_t K = layer.x.back();
            const Tensor x = in.normal(layer.x);
            const double std = 1 / std::sqrt(static_cast<double>(K > 0 ? K : 1));
            const Tensor weight = in.normal({layer.M, K}, std);
            const Tensor bias = layer.has_bias ? in.normal({layer.M}) : Tensor();
            Tensor pre;
            const Tensor out = linear(in.backend(), x, weight, bias,
                                      {.activation = layer.activation,
                                       .pre = layer.has_pre ? &pre : nullptr,
                                       .is_output_accumulation_dtype = layer.is_wide});
            return pre.is_defined() ? std::vector{out, pre} : std::vector{out};
          },
          .factor = 2};
}

}  // namespace

OpCases linear_cases() {
  OpCases cases;
  for (const Activation activation : kActivations) {
    for (const bool has_bias : {false, true}) {
      for (const bool has_pre : {false, true}) {
        if (has_pre && activation == Activation::none) continue;
        for (const bool is_wide : {false, true}) {
          cases.push_back(linear_case({.x = {17, 65},
                                       .M = 33,
                                       .has_bias = has_bias,
                                       .has_pre = has_pre,
                                       .is_wide = is_wide,
                                       .activation = activation}));
        }
      }
    }
    for (const Shape& x :
         {Shape{1, 129}, Shape{63}, Shape{2, 3, 17}, Shape{0, 17}, Shape{5, 1}, Shape{3, 1000}}) {
      cases.push_back(linear_case({.x = x, .M = 65, .has_pre = true, .activation = activation}));
    }
    cases.push_back(linear_case({.x = {7, 17}, .M = 1, .activation = activation}));
  }
  cases.push_back(linear_case({.x = {5, 0}, .M = 3}));
  cases.push_back(linear_case({.x = {5, 3}, .M = 0}));
  cases.push_back(
      linear_case({.x = {4, 65, 128}, .M = 520, .has_pre = true, .activation = Activation::gelu}));
  cases.push_back(linear_case({.x = {200, 70}, .M = 330, .has_bias = false, .is_wide = true}));
  OpCase many_tiles =
      linear_case({.x = {1281, 24}, .M = 1300, .has_pre = true, .activation = Activation::silu});
  many_tiles.dtypes = DType::f32;
  cases.push_back(std::move(many_tiles));
  cases.push_back(linear_case({.x = {3, 64}, .M = 1001, .has_bias = false, .is_wide = true}));
  return cases;
}

}  // namespace alpha::test
