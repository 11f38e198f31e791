#include <cmath>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/reduce.h"

namespace alpha::test {

namespace {

/// √ of how many elements make one sum.
double sum_magnitude(const Shape& x, const Shape& out) {
  const auto n = static_cast<double>(x.numel());
  return std::sqrt(std::max(1.0, n / std::max(1.0, static_cast<double>(out.numel()))));
}

void add_sums(OpCases& cases) {
  const std::vector<std::pair<Shape, Shape>> pairs = {
      {{17, 65}, {65}},       {{17, 65}, {17, 1}},    {{17, 65}, {1, 65}},
      {{17, 65}, {1, 1}},     {{17, 65}, Shape{}},    {{17, 65}, {17, 65}},
      {{5, 7, 9}, {1, 7, 9}}, {{5, 7, 9}, {5, 1, 9}}, {{5, 7, 9}, {5, 7, 1}},
      {{5, 7, 9}, {7, 1}},    {{5, 7, 9}, {5, 1, 1}}, {{2, 3, 4, 3, 2, 3}, {3, 1, 3, 1, 3}},
      {{0, 5}, {5}},          {{0, 5}, {1, 5}},       {{5, 0}, {5, 1}},
      {{5, 0}, {0}},          {Shape{}, Shape{}},     {{1}, Shape{}},
      {{1000, 129}, {129}},   {{3000, 130}, {130}},   {{129, 1000}, {129, 1}},
      {{3, 65536}, {65536}},  {{9, 65544}, {65544}},  {{70001}, Shape{}}};
  for (const auto& [x, out] : pairs) {
    const std::string name = fmt::format("{}_to_{}", shape_name(x), shape_name(out));
    const double magnitude = sum_magnitude(x, out);
    cases.push_back({.op = OpId::sum_to,
                     .name = name,
                     .run = [x = x, out = out](OpInputs& in) -> std::vector<Tensor> {
                       return {sum_to(in.backend(), in.normal(x), out)};
                     },
                     .magnitude = magnitude});
    cases.push_back({.op = OpId::sum_to,
                     .name = name + "_added_to_a_wide_sum",
                     .run = [x = x, out = out](OpInputs& in) -> std::vector<Tensor> {
                       const Tensor into = in.accumulator(out);
                       sum_to_accumulate(in.backend(), in.normal(x), into);
                       return {into};
                     },
                     .magnitude = magnitude});
    cases.push_back({.op = OpId::sum_to,
                     .name = name + "_added_to_a_sum_of_its_dtype",
                     .run = [x = x, out = out](OpInputs& in) -> std::vector<Tensor> {
                       const Tensor into = in.normal(out);
                       sum_to_accumulate(in.backend(), in.normal(x), into);
                       return {into};
                     },
                     .magnitude = magnitude});
  }
}

void add_axes(OpCases& cases) {
  for (int axis = -4; axis < 4; ++axis) {
    for (const bool keepdims : {false, true}) {
      cases.push_back(
          {.op = OpId::sum_to,
           .name = fmt::format("axis_{}_keepdims_{}", axis, keepdims),
           .run = [=](OpInputs& in) -> std::vector<Tensor> {
             const Tensor x = in.normal({3, 5, 17, 4});
             return {sum(in.backend(), x, axis, keepdims), mean(in.backend(), x, axis, keepdims)};
           },
           .factor = 2,
           .magnitude = 4});
    }
  }
  cases.push_back({.op = OpId::sum_to,
                   .name = "all_elements",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor x = in.normal({3, 5, 17, 4});
                     return {sum(in.backend(), x), mean(in.backend(), x)};
                   },
                   .factor = 2,
                   .magnitude = 32});
}

void add_broadcasts(OpCases& cases) {
  const std::vector<std::pair<Shape, Shape>> pairs = {{{65}, {17, 65}},
                                                      {{17, 1}, {17, 65}},
                                                      {Shape{}, {17, 65}},
                                                      {Shape{}, Shape{}},
                                                      {{17, 65}, {17, 65}},
                                                      {{5, 1, 9}, {5, 7, 9}},
                                                      {{3, 1, 3, 1, 3}, {2, 3, 4, 3, 2, 3}},
                                                      {{1, 5}, {0, 5}},
                                                      {{0}, {5, 0}},
                                                      {{257}, {300, 257}},
                                                      {{300, 1}, {300, 257}}};
  for (const auto& [x, out] : pairs) {
    cases.push_back({.op = OpId::broadcast_to,
                     .name = fmt::format("{}_to_{}", shape_name(x), shape_name(out)),
                     .run = [x = x, out = out](OpInputs& in) -> std::vector<Tensor> {
                       return {broadcast_to(in.backend(), in.normal(x), out)};
                     },
                     .factor = 0,
                     .dtypes = kAnyDType});
  }
}

}  // namespace

OpCases reduce_cases() {
  OpCases cases;
  add_sums(cases);
  add_axes(cases);
  add_broadcasts(cases);
  for (const Shape& shape : elementwise_shapes()) {
    cases.push_back({.op = OpId::sum_squares,
                     .name = shape_name(shape),
                     .run = [=](OpInputs& in) -> std::vector<Tensor> {
                       const Tensor out = empty(in.backend(), {}, DType::f64);
                       in.backend().run(SumSquaresArgs{.x = in.normal(shape), .out = out});
                       return {out};
                     },
                     .factor = 10,
                     .magnitude = 0});
  }
  return cases;
}

}  // namespace alpha::test
