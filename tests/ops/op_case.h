#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/ops/op_inputs.h"

#include "alpha/tensor/kernel_table.h"

namespace alpha::test {

/// One call of a public op: the same numbers for every backend and dtype. The modes of the suite
/// (compare, thread invariance) read the same table.
struct OpCase {
  OpId op;
  std::string name;
  std::function<std::vector<Tensor>(OpInputs&)> run;

  /// A result x may be off from the truth y by factor · epsilon(dtype of x) · (magnitude + |y|).
  /// 0 asks for equal numbers.
  double factor = 1;

  /// The size of the terms that a result is summed from: √K for a sum of K terms of size 1, 0 where
  /// each result must be right relative to itself.
  double magnitude = 1;

  DTypeSet dtypes = kFloating;

  /// Though its inputs may not be: some backends hold none.
  bool has_f64_output = false;
};

using OpCases = std::vector<OpCase>;

/// The table of each family of ops, named as the family's header in alpha/tensor/ops.
OpCases adamw_cases();
OpCases attention_cases();
OpCases binary_cases();
OpCases cast_cases();
OpCases cross_entropy_cases();
OpCases dropout_cases();
OpCases embedding_cases();
OpCases fill_cases();
OpCases gather_cases();
OpCases gradient_scale_cases();
OpCases layer_norm_cases();
OpCases layout_cases();
OpCases linear_cases();
OpCases lion_cases();
OpCases masked_fill_cases();
OpCases matmul_cases();
OpCases packed_cases();
OpCases paged_attention_cases();
OpCases reduce_cases();
OpCases rescale_cases();
OpCases rms_norm_cases();
OpCases sgd_cases();
OpCases softmax_cases();
OpCases swiglu_cases();
OpCases topk_cases();
OpCases unary_cases();

/// All of them.
const OpCases& all_cases();

/// Those of one op.
OpCases cases_of(OpId op);

/// Every op of the list, for parametrised tests.
std::vector<OpId> all_ops();

/// Shapes for ops that work element by element: empty, one, odd sizes around the widths of vectors,
/// and one that is cut into several tasks.
const std::vector<Shape>& elementwise_shapes();

/// "17x65", "scalar": a shape as part of a test's name.
std::string shape_name(const Shape& shape);

/// Runs a case on `backend` as `dtype`.
std::vector<Tensor> run_case(const OpCase& op_case, Backend& backend, DType dtype, DType rounding,
                             std::int64_t offset = 0);

}  // namespace alpha::test
