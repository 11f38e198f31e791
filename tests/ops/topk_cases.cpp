#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/topk.h"

namespace alpha::test {

namespace {

OpCase topk_case(const Shape& shape, int axis, std::int64_t k, bool has_ties) {
  return {.op = OpId::topk,
          .name = fmt::format("{}_of_{}_axis_{}{}", k, shape_name(shape), axis,
                              has_ties ? "_ties" : ""),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = has_ties ? in.whole(shape, -2, 3) : in.normal(shape);
            const TopkResult result = topk(in.backend(), x, k, axis);
            return {result.values, result.indices};
          },
          .factor = 0};
}

OpCase argmax_case(const Shape& shape, int axis, bool has_ties) {
  return {.op = OpId::argmax,
          .name = fmt::format("{}_axis_{}{}", shape_name(shape), axis, has_ties ? "_ties" : ""),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = has_ties ? in.whole(shape, -2, 3) : in.normal(shape);
            return {argmax(in.backend(), x, axis)};
          },
          .factor = 0,
          .dtypes = kAnyDType};
}

}  // namespace

OpCases topk_cases() {
  OpCases cases;
  for (const bool has_ties : {false, true}) {
    for (const Shape& shape :
         {Shape{17, 65}, Shape{3, 5, 7}, Shape{1000}, Shape{2, 3, 2, 4, 3, 5}}) {
      for (int axis = -1; axis < shape.rank(); ++axis) {
        cases.push_back(topk_case(shape, axis, 1, has_ties));
        cases.push_back(topk_case(shape, axis, 2, has_ties));
        cases.push_back(argmax_case(shape, axis, has_ties));
      }
    }
    cases.push_back(topk_case({17, 65}, 1, 65, has_ties));
    cases.push_back(topk_case({17, 65}, 0, 17, has_ties));
    cases.push_back(topk_case({17, 65}, 1, 0, has_ties));
    cases.push_back(topk_case({0, 65}, 1, 3, has_ties));
    cases.push_back(topk_case({4, 1}, 1, 1, has_ties));
    cases.push_back(topk_case({3, 1000}, 1, 40, has_ties));
    cases.push_back(argmax_case({0, 65}, 1, has_ties));
    cases.push_back(argmax_case({4, 1}, 1, has_ties));
    cases.push_back(argmax_case({300, 1001}, 1, has_ties));
    cases.push_back({.op = OpId::argmax,
                     .name = has_ties ? "all_elements_ties" : "all_elements",
                     .run = [=](OpInputs& in) -> std::vector<Tensor> {
                       const Shape shape = {7, 129};
                       const Tensor x = has_ties ? in.whole(shape, -2, 3) : in.normal(shape);
                       return {argmax_all(in.backend(), x)};
                     },
                     .factor = 0,
                     .dtypes = kAnyDType});
  }
  return cases;
}

}  // namespace alpha::test
