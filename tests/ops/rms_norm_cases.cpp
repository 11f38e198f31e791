#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/rms_norm.h"

namespace alpha::test {

namespace {

OpCase forward(const Shape& shape, double std, double eps) {
  return {.op = OpId::rms_norm,
          .name = fmt::format("{}_of_size_{}", shape_name(shape), std),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = in.normal(shape, std);
            const RmsNormResult result = rms_norm(in.backend(), x, in.normal({shape.back()}), eps);
            return {result.out, result.rstd};
          },
          .factor = 2};
}

OpCase backward(const Shape& shape) {
  return {.op = OpId::rms_norm_backward,
          .name = shape_name(shape),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = in.normal(shape, 2);
            const Tensor weight = in.normal({shape.back()});
            const RmsNormResult result = rms_norm(in.backend(), x, weight);
            const Tensor dy = in.normal(shape);
            const Tensor dweight = in.accumulator({shape.back()});
            const Tensor dx = rms_norm_backward(in.backend(), x, weight, result, dy, dweight);
            return {dx, dweight};
          },
          .factor = 4,
          .magnitude = shape.rows() > 1000 ? 16.0 : 2.0};
}

}  // namespace

OpCases rms_norm_cases() {
  OpCases cases;
  for (const Shape& shape :
       {Shape{3, 17}, Shape{1, 64}, Shape{33, 65}, Shape{5, 129}, Shape{2, 3, 63}, Shape{17},
        Shape{2, 1000}, Shape{0, 7}, Shape{2001, 64}, Shape{4, 3}, Shape{4, 1}, Shape{3, 4104},
        Shape{5, 3000}, Shape{1030, 40}}) {
    cases.push_back(forward(shape, 2, 1e-5));
    cases.push_back(backward(shape));
  }
  cases.push_back(forward({5, 65}, 0.01, 0.01));
  cases.push_back(forward({5, 65}, 100, 1e-5));
  return cases;
}

}  // namespace alpha::test
