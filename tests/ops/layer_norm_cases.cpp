#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/layer_norm.h"

namespace alpha::test {

namespace {

const std::vector<Shape>& row_shapes() {
  static const std::vector<Shape> shapes = {{3, 17},   {1, 64},   {33, 65},  {5, 129},   {2, 3, 63},
                                            {17},      {2, 1000}, {0, 7},    {2001, 64}, {4, 3},
                                            {3, 4104}, {5, 3000}, {1030, 40}};
  return shapes;
}

OpCase forward(const Shape& shape, bool has_bias) {
  return {.op = OpId::layer_norm,
          .name = shape_name(shape) + (has_bias ? "_bias" : ""),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = in.normal(shape, 2);
            const Tensor weight = in.normal({shape.back()});
            const Tensor bias = has_bias ? in.normal({shape.back()}) : Tensor();
            const LayerNormResult result = layer_norm(in.backend(), x, weight, bias);
            return {result.out, result.mean, result.rstd};
          },
          .factor = 2};
}

OpCase backward(const Shape& shape, bool has_bias) {
  return {.op = OpId::layer_norm_backward,
          .name = shape_name(shape) + (has_bias ? "_bias" : ""),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Shape row = {shape.back()};
            const Tensor x = in.normal(shape, 2);
            const Tensor weight = in.normal(row);
            const LayerNormResult result = layer_norm(in.backend(), x, weight, Tensor());
            const Tensor dy = in.normal(shape);
            const Tensor dweight = in.accumulator(row);
            const Tensor dbias = has_bias ? in.accumulator(row) : Tensor();
            const Tensor dx =
                layer_norm_backward(in.backend(), x, weight, result, dy, dweight, dbias);
            return has_bias ? std::vector{dx, dweight, dbias} : std::vector{dx, dweight};
          },
          .factor = 4,
          .magnitude = shape.rows() > 1000 ? 16.0 : 2.0};
}

}  // namespace

OpCases layer_norm_cases() {
  OpCases cases;
  for (const Shape& shape : row_shapes()) {
    for (const bool has_bias : {false, true}) {
      cases.push_back(forward(shape, has_bias));
      cases.push_back(backward(shape, has_bias));
    }
  }
  cases.push_back({.op = OpId::layer_norm,
                   .name = "one_column_leaves_the_bias",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor x = in.normal({7, 1});
                     const Tensor weight = in.normal({1});
                     return {layer_norm(in.backend(), x, weight, in.normal({1})).out};
                   },
                   .magnitude = 0});
  cases.push_back({.op = OpId::layer_norm,
                   .name = "small_spread_around_a_large_mean",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     std::vector<double> values(5 * 65);
                     for (double& v : values) v = 100 + in.rng().next_gauss();
                     const Tensor x = in.values({5, 65}, values);
                     const LayerNormResult result =
                         layer_norm(in.backend(), x, in.normal({65}), in.normal({65}));
                     return {result.out, result.mean, result.rstd};
                   },
                   .factor = 20});
  cases.push_back({.op = OpId::layer_norm,
                   .name = "larger_epsilon",
                   .run = [](OpInputs& in) -> std::vector<Tensor> {
                     const Tensor x = in.normal({5, 65}, 0.01);
                     return {layer_norm(in.backend(), x, in.normal({65}), Tensor(), 0.01).out};
                   },
                   .factor = 2});
  return cases;
}

}  // namespace alpha::test
