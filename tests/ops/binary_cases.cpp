#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/binary.h"

namespace alpha::test {

namespace {

using Function = Tensor (*)(Backend&, const Tensor&, const Tensor&);

struct Op {
  OpId id;
  Function function;
  DTypeSet dtypes;
};

/// Every kind of pair that broadcasting knows.
const std::vector<std::pair<Shape, Shape>>& broadcast_pairs() {
  static const std::vector<std::pair<Shape, Shape>> pairs = {
      {{17, 65}, Shape{}},    {Shape{}, {17, 65}},
      {{17, 65}, {65}},       {{5, 3, 64}, {3, 64}},
      {{65}, {17, 65}},       {{17, 65}, {17, 1}},
      {{17, 1}, {1, 65}},     {{1}, {63}},
      {{3, 1, 5}, {1, 4, 1}}, {{2, 3, 1, 4, 1, 5}, {3, 2, 1, 6, 1}},
      {{0, 3}, {1, 3}},       {{4, 0}, {4, 1}},
      {{300, 257}, {257}},    {{300, 257}, {300, 1}}};
  return pairs;
}

/// A divisor away from 0, so that quotients stay within every dtype.
Tensor second_operand(OpInputs& in, OpId op, const Shape& shape) {
  return op == OpId::div ? in.uniform(shape, 0.5, 3) : in.normal(shape);
}

OpCase pair_case(const Op& op, std::string name, const Shape& a, const Shape& b) {
  return {.op = op.id,
          .name = std::move(name),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = in.normal(a);
            return {op.function(in.backend(), x, second_operand(in, op.id, b))};
          },
          .magnitude = 0,
          .dtypes = op.dtypes};
}

OpCase values_case(const Op& op, std::string name, std::vector<double> a, std::vector<double> b) {
  return {.op = op.id,
          .name = std::move(name),
          .run = [f = op.function, a = std::move(a),
                  b = std::move(b)](OpInputs& in) -> std::vector<Tensor> {
            const Shape shape = {static_cast<std::int64_t>(a.size())};
            const Tensor x = in.values(shape, a);
            return {f(in.backend(), x, in.values(shape, b))};
          },
          .magnitude = 0,
          .dtypes = DType::f32 | DType::f64 | DType::bf16};
}

}  // namespace

OpCases binary_cases() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  OpCases cases;
  for (const Op& op : {Op{OpId::add, add, kAnyDType}, Op{OpId::sub, sub, kAnyDType},
                       Op{OpId::mul, mul, kAnyDType}, Op{OpId::div, div, kFloating}}) {
    for (const Shape& shape : elementwise_shapes()) {
      cases.push_back(pair_case(op, shape_name(shape), shape, shape));
    }
    for (const auto& [a, b] : broadcast_pairs()) {
      cases.push_back(pair_case(op, fmt::format("{}_with_{}", shape_name(a), shape_name(b)), a, b));
    }
    cases.push_back(values_case(op, "tiny_and_huge",
                                {1e-20, 1e20, 1e20, -1e-20, 1e10, 1e-10, -1e20, 1e4},
                                {1e-20, 1e20, -1e-20, 1e20, -1e-10, 1e10, -1e20, 3}));
    cases.push_back(values_case(op, "not_finite",
                                {kInfinity, -kInfinity, kInfinity, nan, 1, 0, 1, -1},
                                {1, 2, kInfinity, 1, nan, kInfinity, -kInfinity, 0}));
  }
  cases.push_back({.op = OpId::add,
                   .name = "in_place",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor into = in.normal({3, 347});
                     add_in_place(in.backend(), into, in.normal({3, 347}));
                     return {into};
                   },
                   .magnitude = 0,
                   .dtypes = kAnyDType});
  cases.push_back({.op = OpId::sub,
                   .name = "out_is_the_second_operand",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor a = in.normal({347});
                     const Tensor b = in.normal({3, 347});
                     in.backend().run(SubArgs{.a = a, .b = b, .out = b});
                     return {b};
                   },
                   .magnitude = 0,
                   .dtypes = kAnyDType});
  return cases;
}

}  // namespace alpha::test
