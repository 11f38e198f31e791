#include <cmath>
#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/softmax.h"

namespace alpha::test {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Forward = Tensor (*)(Backend&, const Tensor&, int);
using Backward = Tensor (*)(Backend&, const Tensor&, const Tensor&, int);

struct Axis {
  Shape shape;
  int axis = -1;
};

const std::vector<Axis>& axes() {
  static const std::vector<Axis> all = {
      {{17, 65}, -1},  {{17, 65}, 0},    {{3, 17, 5}, 0},  {{3, 17, 5}, 1},
      {{3, 17, 5}, 2}, {{3, 17, 5}, -2}, {{5, 1000}, -1},  {{1, 1}, -1},
      {{4, 1}, -1},    {{0, 5}, -1},     {{0, 5}, 1},      {{63}, 0},
      {{3, 0, 4}, 2},  {{129, 3}, 0},    {{600, 129}, -1}, {{2, 3, 4, 3, 2, 5}, 3}};
  return all;
}

std::string name_of(const Axis& a) {
  return fmt::format("{}_axis_{}", shape_name(a.shape), a.axis);
}

OpCase forward(OpId op, Forward f, const Axis& a, double std, double magnitude) {
  return {.op = op,
          .name = fmt::format("{}_of_size_{}", name_of(a), std),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            return {f(in.backend(), in.normal(a.shape, std), a.axis)};
          },
          .magnitude = magnitude};
}

/// The lower triangle of a square, as in causal attention, and one row without any entry.
OpCase masked(OpId op, Forward f) {
  return {.op = op, .name = "masked_rows", .run = [=](OpInputs& in) -> std::vector<Tensor> {
            constexpr int kN = 35;
            std::vector<double> values(kN * kN, -kInfinity);
            for (int row = 0; row + 1 < kN; ++row) {
              for (int column = 0; column <= row; ++column) {
                values[static_cast<std::size_t>(row * kN + column)] = in.rng().next_gauss();
              }
            }
            const Tensor x = in.values({kN, kN}, values);
            return {f(in.backend(), x, 1), f(in.backend(), x, 0)};
          }};
}

/// The gradient reads the result y, so y is an input here: a true softmax (or its logarithm) of
/// random rows, made in double and rounded.
OpCase backward(OpId op, Backward f, const Axis& a) {
  const bool is_log = op == OpId::log_softmax_backward;
  return {.op = op,
          .name = name_of(a),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const auto row =
                static_cast<double>(a.shape[(a.axis + a.shape.rank()) % a.shape.rank()]);
            std::vector<double> y(static_cast<std::size_t>(a.shape.numel()));
            for (double& v : y) v = in.rng().next_gauss() - std::log(row) - 0.5;
            if (!is_log) {
              for (double& v : y) v = std::exp(v);
            }
            const Tensor result = in.values(a.shape, y);
            return {f(in.backend(), result, in.normal(a.shape), a.axis)};
          },
          .magnitude = 2};
}

}  // namespace

OpCases softmax_cases() {
  OpCases cases;
  for (const Axis& a : axes()) {
    cases.push_back(forward(OpId::softmax, softmax, a, 3, 0.1));
    cases.push_back(forward(OpId::log_softmax, log_softmax, a, 3, 4));
    cases.push_back(backward(OpId::softmax_backward, softmax_backward, a));
    cases.push_back(backward(OpId::log_softmax_backward, log_softmax_backward, a));
  }
  for (const Axis& a : {Axis{{17, 65}, -1}, Axis{{17, 65}, 0}}) {
    cases.push_back(forward(OpId::softmax, softmax, a, 1e4, 0.1));
    cases.push_back(forward(OpId::log_softmax, log_softmax, a, 1e4, 1e3));
  }
  cases.push_back(masked(OpId::softmax, softmax));
  cases.push_back(masked(OpId::log_softmax, log_softmax));
  return cases;
}

}  // namespace alpha::test
