#include "tests/ops/op_case.h"

#include <algorithm>
#include <iterator>

#include "alpha/core/hash.h"

namespace alpha::test {

const OpCases& all_cases() {
  static const OpCases cases = [] {
    OpCases all;
    for (OpCases (*family)() : {adamw_cases,
                                attention_cases,
                                binary_cases,
                                cast_cases,
                                cross_entropy_cases,
                                dropout_cases,
                                embedding_cases,
                                fill_cases,
                                gather_cases,
                                gradient_scale_cases,
                                layer_norm_cases,
                                layout_cases,
                                linear_cases,
                                lion_cases,
                                sgd_cases,
                                masked_fill_cases,
                                matmul_cases,
                                packed_cases,
                                paged_attention_cases,
                                reduce_cases,
                                rescale_cases,
                                rms_norm_cases,
                                softmax_cases,
                                swiglu_cases,
                                topk_cases,
                                unary_cases}) {
      std::ranges::move(family(), std::back_inserter(all));
    }
    return all;
  }();
  return cases;
}

OpCases cases_of(OpId op) {
  OpCases result;
  std::ranges::copy_if(all_cases(), std::back_inserter(result),
                       [&](const OpCase& c) { return c.op == op; });
  return result;
}

std::vector<OpId> all_ops() {
  std::vector<OpId> ops;
  for (std::size_t i = 0; i < kOpCount; ++i) ops.push_back(static_cast<OpId>(i));
  return ops;
}

const std::vector<Shape>& elementwise_shapes() {
  static const std::vector<Shape> shapes = {{0},   {1},    {3},     {17},      {63},      {65},
                                            {129}, {1000}, Shape{}, {7, 0, 3}, {3, 5, 7}, {70001}};
  return shapes;
}

std::string shape_name(const Shape& shape) {
  return shape.rank() == 0 ? "scalar" : fmt::format("{}", fmt::join(shape.dims(), "x"));
}

std::vector<Tensor> run_case(const OpCase& op_case, Backend& backend, DType dtype, DType rounding,
                             std::int64_t offset) {
  const auto seed = static_cast<std::int32_t>(fnv1a32(op_case.name));
  OpInputs inputs(backend, {.dtype = dtype, .rounding = rounding, .offset = offset, .seed = seed});
  return op_case.run(inputs);
}

}  // namespace alpha::test
