#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/dropout.h"

namespace alpha::test {

OpCases dropout_cases() {
  constexpr DropoutKey kKey = {.seed = 42, .counter = 7};
  OpCases cases;
  for (const double p : {0.0, 0.2, 0.9}) {
    for (const Shape& shape : elementwise_shapes()) {
      const std::string name = fmt::format("{}_p_{}", shape_name(shape), p);
      cases.push_back({.op = OpId::dropout,
                       .name = name,
                       .run = [=](OpInputs& in) -> std::vector<Tensor> {
                         return {dropout(in.backend(), in.normal(shape), p, kKey)};
                       },
                       .magnitude = 0});
      cases.push_back({.op = OpId::residual_dropout,
                       .name = name,
                       .run = [=](OpInputs& in) -> std::vector<Tensor> {
                         const Tensor residual = in.normal(shape);
                         return {
                             residual_dropout(in.backend(), residual, in.normal(shape), p, kKey)};
                       }});
    }
  }
  cases.push_back({.op = OpId::dropout,
                   .name = "in_place",
                   .run = [=](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor x = in.normal({1031});
                     in.backend().run(DropoutArgs{.x = x, .out = x, .p = 0.5, .key = kKey});
                     return {x};
                   },
                   .magnitude = 0});
  cases.push_back(
      {.op = OpId::residual_dropout,
       .name = "out_is_the_residual",
       .run = [=](OpInputs& in) -> std::vector<Tensor> {
         const Tensor residual = in.normal({1031});
         in.backend().run(ResidualDropoutArgs{
             .residual = residual, .x = in.normal({1031}), .out = residual, .p = 0.5, .key = kKey});
         return {residual};
       }});
  return cases;
}

}  // namespace alpha::test
