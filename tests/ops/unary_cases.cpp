#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/unary.h"

namespace alpha::test {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr DTypeSet kWideRange = DType::f32 | DType::f64 | DType::bf16;

using Forward = std::function<Tensor(Backend&, const Tensor&)>;
using Backward = std::function<Tensor(Backend&, const Tensor&, const Tensor&)>;

struct Range {
  double low = -4;
  double high = 4;
};

struct Budget {
  double factor = 1;
  double magnitude = 0;
};

/// One case per shape, with x uniform in `range`.
void add_shapes(OpCases& cases, OpId op, const Range& range, const Budget& budget,
                const Forward& f) {
  for (const Shape& shape : elementwise_shapes()) {
    cases.push_back({.op = op,
                     .name = shape_name(shape),
                     .run = [=](OpInputs& in) -> std::vector<Tensor> {
                       return {f(in.backend(), in.uniform(shape, range.low, range.high))};
                     },
                     .factor = budget.factor,
                     .magnitude = budget.magnitude});
  }
}

void add_shapes(OpCases& cases, OpId op, const Range& range, const Budget& budget,
                const Backward& f) {
  for (const Shape& shape : elementwise_shapes()) {
    cases.push_back({.op = op,
                     .name = shape_name(shape),
                     .run = [=](OpInputs& in) -> std::vector<Tensor> {
                       const Tensor x = in.uniform(shape, range.low, range.high);
                       return {f(in.backend(), x, in.normal(shape))};
                     },
                     .factor = budget.factor,
                     .magnitude = budget.magnitude});
  }
}

OpCase chosen(OpId op, std::string name, std::vector<double> x, const Budget& budget,
              const Forward& f, DTypeSet dtypes = kFloating) {
  return {.op = op,
          .name = std::move(name),
          .run = [x = std::move(x), f](OpInputs& in) -> std::vector<Tensor> {
            return {f(in.backend(), in.values({static_cast<std::int64_t>(x.size())}, x))};
          },
          .factor = budget.factor,
          .magnitude = budget.magnitude,
          .dtypes = dtypes};
}

OpCase chosen(OpId op, std::string name, std::vector<double> x, const Budget& budget,
              const Backward& f, DTypeSet dtypes = kFloating) {
  return {.op = op,
          .name = std::move(name),
          .run = [x = std::move(x), f](OpInputs& in) -> std::vector<Tensor> {
            const Shape shape = {static_cast<std::int64_t>(x.size())};
            const Tensor at = in.values(shape, x);
            return {f(in.backend(), at, in.normal(shape))};
          },
          .factor = budget.factor,
          .magnitude = budget.magnitude,
          .dtypes = dtypes};
}

const std::vector<double>& tiny_to_huge() {
  static const std::vector<double> values = {1e-20, -1e-20, 3e-10, -1e-5, 0.25,  1, -1.5, 7, -1e4,
                                             1e4,   1e10,   -3e15, 1e20,  -1e20, 0, -0.0, 17};
  return values;
}

const std::vector<double> kLarge = {1e4, -1e4, 300, -300, 88, -88, 30,  -30, 12,
                                    -12, 0,    1,   -1,   5,  -5,  0.1, -0.1};

void add_arithmetic(OpCases& cases) {
  const Forward square = [](Backend& b, const Tensor& x) { return pow(b, x, 2); };
  const Forward cube = [](Backend& b, const Tensor& x) { return pow(b, x, 3); };
  const Forward root = [](Backend& b, const Tensor& x) { return pow(b, x, 0.5); };
  const Forward inverse = [](Backend& b, const Tensor& x) { return pow(b, x, -1); };
  const Forward fractional = [](Backend& b, const Tensor& x) { return pow(b, x, 1.7); };
  const Forward third = [](Backend& b, const Tensor& x) { return scale(b, x, 1.0 / 3); };

  add_shapes(cases, OpId::neg, {}, {.factor = 0}, Forward(neg));
  cases.push_back(chosen(OpId::neg, "tiny_to_huge", tiny_to_huge(), {}, neg, kWideRange));

  add_shapes(cases, OpId::exp, {.low = -10, .high = 10}, {}, Forward(exp));
  cases.push_back(chosen(OpId::exp, "overflow_and_underflow",
                         {1e4, -1e4, kInfinity, -kInfinity, 100, -100, 80, -80, 0, 1e-7}, {}, exp));

  add_shapes(cases, OpId::log, {.low = 0.01, .high = 50}, {.magnitude = 1}, Forward(log));
  cases.push_back(chosen(OpId::log, "tiny_to_huge", {1e-20, 1e-10, 0.5, 1, 2, 1e10, 1e20}, {}, log,
                         kWideRange));
  cases.push_back(
      chosen(OpId::log, "outside_its_domain", {0, -1, -kInfinity, kInfinity, 1}, {}, log));

  add_shapes(cases, OpId::sqrt, {.low = 0, .high = 100}, {}, Forward(sqrt));
  cases.push_back(
      chosen(OpId::sqrt, "tiny_to_huge", {0, 1e-20, 1e-10, 4, 1e10, 1e20}, {}, sqrt, kWideRange));
  cases.push_back(chosen(OpId::sqrt, "outside_its_domain", {-1, -kInfinity, kInfinity}, {}, sqrt));

  add_shapes(cases, OpId::pow, {.low = 0.1, .high = 6}, {.factor = 2}, fractional);
  cases.push_back(chosen(OpId::pow, "square", tiny_to_huge(), {}, square, kWideRange));
  cases.push_back(chosen(OpId::pow, "cube_of_negatives", {-2, -0.5, 0, 1, 3}, {}, cube));
  cases.push_back(chosen(OpId::pow, "root", {0, 0.25, 2, 9, 1000, -1}, {}, root));
  cases.push_back(chosen(OpId::pow, "inverse", {0, 0.25, -2, 9, 1000}, {}, inverse));

  add_shapes(cases, OpId::scale, {}, {}, third);
  cases.push_back(chosen(OpId::scale, "tiny_to_huge", tiny_to_huge(), {}, third, kWideRange));
}

void add_clamp(OpCases& cases) {
  const Forward forward = [](Backend& b, const Tensor& x) { return clamp(b, x, -0.5, 1.5); };
  const Backward backward = [](Backend& b, const Tensor& x, const Tensor& dy) {
    return clamp_backward(b, x, dy, -0.5, 1.5);
  };
  add_shapes(cases, OpId::clamp, {}, {.factor = 0}, forward);
  cases.push_back(chosen(OpId::clamp, "at_and_around_the_bounds",
                         {-0.5, 1.5, -0.50390625, 1.5078125, 0, -kInfinity, kInfinity},
                         {.factor = 0}, forward));
  add_shapes(cases, OpId::clamp_backward, {}, {.factor = 0}, backward);
  cases.push_back(chosen(OpId::clamp_backward, "nothing_passes_at_the_bounds",
                         {-0.5, 1.5, -0.49609375, 1.4921875, 0, -3, 3}, {.factor = 0}, backward));
}

void add_activations(OpCases& cases) {
  const Forward capped = [](Backend& b, const Tensor& x) { return soft_cap(b, x, 30); };
  const Forward capped_at_one = [](Backend& b, const Tensor& x) { return soft_cap(b, x, 1); };
  const Backward capped_backward = [](Backend& b, const Tensor& x, const Tensor& dy) {
    return soft_cap_backward(b, x, dy, 30);
  };
  const Budget rounded = {.magnitude = 1};
  add_shapes(cases, OpId::relu, {}, {.factor = 0}, Forward(relu));
  add_shapes(cases, OpId::relu_backward, {}, {.factor = 0}, Backward(relu_backward));
  cases.push_back(chosen(OpId::relu, "large", kLarge, {}, relu));
  cases.push_back(chosen(OpId::relu_backward, "nothing_passes_at_zero", {0, -0.0, 1, -1},
                         {.factor = 0}, relu_backward));

  add_shapes(cases, OpId::gelu, {}, rounded, Forward(gelu));
  add_shapes(cases, OpId::gelu_backward, {}, rounded, Backward(gelu_backward));
  cases.push_back(chosen(OpId::gelu, "large", kLarge, rounded, gelu));
  cases.push_back(chosen(OpId::gelu_backward, "large", kLarge, rounded, gelu_backward));

  add_shapes(cases, OpId::silu, {}, rounded, Forward(silu));
  add_shapes(cases, OpId::silu_backward, {}, rounded, Backward(silu_backward));
  cases.push_back(chosen(OpId::silu, "large", kLarge, rounded, silu));
  cases.push_back(chosen(OpId::silu_backward, "large", kLarge, rounded, silu_backward));

  add_shapes(cases, OpId::soft_cap, {.low = -90, .high = 90}, rounded, capped);
  add_shapes(cases, OpId::soft_cap_backward, {.low = -90, .high = 90}, rounded, capped_backward);
  cases.push_back(chosen(OpId::soft_cap, "large", kLarge, rounded, capped));
  cases.push_back(
      chosen(OpId::soft_cap, "large_against_a_small_cap", kLarge, rounded, capped_at_one));
  cases.push_back(chosen(OpId::soft_cap_backward, "large", kLarge, rounded, capped_backward));
}

/// The arguments allow the output to be an operand.
void add_in_place(OpCases& cases) {
  cases.push_back(
      {.op = OpId::gelu, .name = "in_place", .run = [](OpInputs& in) -> std::vector<Tensor> {
         const Tensor x = in.normal({1031});
         in.backend().run(GeluArgs{.x = x, .out = x});
         return {x};
       }});
  cases.push_back({.op = OpId::scale,
                   .name = "in_place",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor x = in.normal({1031});
                     in.backend().run(ScaleArgs{.x = x, .out = x, .a = 0.25});
                     return {x};
                   },
                   .factor = 0});
  cases.push_back({.op = OpId::silu_backward,
                   .name = "dx_is_dy",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor x = in.normal({1031});
                     const Tensor dy = in.normal({1031});
                     in.backend().run(SiluBackwardArgs{.x = x, .dy = dy, .dx = dy});
                     return {dy};
                   }});
}

}  // namespace

OpCases unary_cases() {
  OpCases cases;
  add_arithmetic(cases);
  add_clamp(cases);
  add_activations(cases);
  add_in_place(cases);
  return cases;
}

}  // namespace alpha::test
