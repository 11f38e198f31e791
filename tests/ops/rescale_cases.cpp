#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/rescale.h"

namespace alpha::test {

OpCases rescale_cases() {
  OpCases cases;
  for (const Shape& shape : elementwise_shapes()) {
    for (const auto& [wanted, present] : {std::pair{0.75, 1.0}, {0.25, 0.25}, {-3.0, 1.0 / 3}}) {
      cases.push_back(
          {.op = OpId::rescale,
           .name = fmt::format("{}_from_{:.2f}_to_{}", shape_name(shape), present, wanted),
           .run = [=](OpInputs& in) -> std::vector<Tensor> {
             const Tensor x = in.normal(shape);
             rescale(in.backend(), x, full(in.backend(), {}, wanted, in.accumulation()), present);
             return {x};
           },
           .magnitude = 0});
    }
  }
  return cases;
}

}  // namespace alpha::test
