#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/masked_fill.h"

namespace alpha::test {

namespace {

OpCase mask_case(const Shape& x, const Shape& mask, double value) {
  return {.op = OpId::masked_fill,
          .name = fmt::format("{}_mask_{}_value_{}", shape_name(x), shape_name(mask), value),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor data = in.normal(x);
            return {masked_fill(in.backend(), data, in.whole(mask, 0, 2), value)};
          },
          .factor = 0};
}

}  // namespace

OpCases masked_fill_cases() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  OpCases cases;
  for (const Shape& shape : elementwise_shapes()) {
    cases.push_back(mask_case(shape, shape, -2));
  }
  for (const Shape& mask : {Shape{}, Shape{65}, Shape{17, 1}, Shape{1, 65}, Shape{3, 1, 65}}) {
    cases.push_back(mask_case({3, 17, 65}, mask, -kInfinity));
  }
  cases.push_back({.op = OpId::masked_fill,
                   .name = "anything_but_zero_masks",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const std::vector<double> mask = {0, -0.0, 1, -1, 0.5, -kInfinity, 7};
                     const Tensor x = in.normal({3, 7});
                     return {masked_fill(in.backend(), x, in.values({7}, mask), 4)};
                   },
                   .factor = 0});
  return cases;
}

}  // namespace alpha::test
