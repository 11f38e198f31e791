#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/cast.h"

namespace alpha::test {

OpCases cast_cases() {
  OpCases cases;
  for (const DType to : kAllDTypes) {
    for (const Shape& shape : elementwise_shapes()) {
      cases.push_back({.op = OpId::cast,
                       .name = fmt::format("{}_to_{}", shape_name(shape), to_string(to)),
                       .run = [=](OpInputs& in) -> std::vector<Tensor> {
                         return {cast(in.backend(), in.normal(shape, 20), to)};
                       },
                       .factor = 0,
                       .dtypes = kAnyDType,
                       .has_f64_output = to == DType::f64});
    }
    if (!is_floating(to)) continue;
    cases.push_back({.op = OpId::cast,
                     .name = fmt::format("limits_to_{}", to_string(to)),
                     .run = [=](OpInputs& in) -> std::vector<Tensor> {
                       constexpr double kInfinity = std::numeric_limits<double>::infinity();
                       const std::vector<double> x = {
                           kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(),
                           65504,     65520,      65519,
                           -65520,    1e20,       6e-8,
                           2.9e-8,    1e-20,      1e-40,
                           0,         -0.0};
                       return {cast(in.backend(), in.values({14}, x), to)};
                     },
                     .factor = 0,
                     .has_f64_output = to == DType::f64});
  }
  cases.push_back({.op = OpId::cast,
                   .name = "truncates_towards_zero",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const std::vector<double> x = {0.75, -0.75, 1.5, -1.5, 2.5, 100.25, -100.75};
                     return {cast(in.backend(), in.values({7}, x), DType::i32)};
                   },
                   .factor = 0});
  cases.push_back({.op = OpId::cast,
                   .name = "clone",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     return {clone(in.backend(), in.normal({5, 129}))};
                   },
                   .factor = 0,
                   .dtypes = kAnyDType});
  cases.push_back({.op = OpId::cast,
                   .name = "into_a_given_tensor",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor out = in.accumulator({5, 129});
                     cast_into(in.backend(), in.normal({5, 129}), out);
                     return {out};
                   },
                   .factor = 0});
  return cases;
}

}  // namespace alpha::test
