#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// The k largest along an axis, largest first; equal values by ascending index.
struct TopkArgs {
  static constexpr OpId kOp = OpId::topk;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor values;   // shape of x with size k along the axis
  Tensor indices;  // the same, i32
  int axis = 0;    // normalised
};

/// Index of the largest along an axis; the first of equals.
struct ArgmaxArgs {
  static constexpr OpId kOp = OpId::argmax;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;    // shape of x without the axis, i32
  int axis = 0;  // normalised
};

struct TopkResult {
  Tensor values;
  Tensor indices;
};

/// Error: k outside [0, size of the axis].
TopkResult topk(Backend& backend, const Tensor& x, std::int64_t k, int axis = -1);

/// Error: an empty axis.
Tensor argmax(Backend& backend, const Tensor& x, int axis = -1);

/// Of all elements, as an index into the flattened tensor: a scalar [].
Tensor argmax_all(Backend& backend, const Tensor& x);

}  // namespace alpha
