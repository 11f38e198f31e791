#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/fill.h"

namespace alpha::test {

namespace {

OpCase fill_case(std::string name, const Shape& shape, double value, DTypeSet dtypes) {
  return {.op = OpId::fill,
          .name = std::move(name),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor out = in.normal(shape);
            fill(in.backend(), out, value);
            return {out};
          },
          .magnitude = 0,
          .dtypes = dtypes};
}

}  // namespace

OpCases fill_cases() {
  OpCases cases;
  for (const Shape& shape : elementwise_shapes()) {
    cases.push_back(fill_case(shape_name(shape), shape, -7, kAnyDType));
  }
  cases.push_back(fill_case("rounded", {65}, 0.1, kFloating));
  cases.push_back(
      fill_case("minus_infinity", {65}, -std::numeric_limits<double>::infinity(), kFloating));
  cases.push_back({.op = OpId::fill,
                   .name = "only_its_view",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor whole = in.normal({100});
                     fill(in.backend(), whole.flat(13, 80), 3);
                     return {whole};
                   },
                   .factor = 0,
                   .dtypes = kAnyDType});
  return cases;
}

}  // namespace alpha::test
