#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/swiglu.h"

namespace alpha::test {

namespace {

OpCase forward(std::string name, const Shape& shape, double std) {
  return {
      .op = OpId::swiglu, .name = std::move(name), .run = [=](OpInputs& in) -> std::vector<Tensor> {
        const Tensor gate = in.normal(shape, std);
        return {swiglu(in.backend(), gate, in.normal(shape))};
      }};
}

OpCase backward(std::string name, const Shape& shape, double std) {
  return {.op = OpId::swiglu_backward,
          .name = std::move(name),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor gate = in.normal(shape, std);
            const Tensor up = in.normal(shape);
            const SwigluGrads grads = swiglu_backward(in.backend(), gate, up, in.normal(shape));
            return {grads.dgate, grads.dup};
          },
          .factor = 2};
}

}  // namespace

OpCases swiglu_cases() {
  OpCases cases;
  for (const Shape& shape : elementwise_shapes()) {
    cases.push_back(forward(shape_name(shape), shape, 1));
    cases.push_back(backward(shape_name(shape), shape, 1));
  }
  cases.push_back(forward("large", {1000}, 3000));
  cases.push_back(backward("large", {1000}, 3000));
  return cases;
}

}  // namespace alpha::test
