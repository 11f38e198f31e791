#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out[i] = x[i] in the dtype of out: rounded to nearest even towards narrower floats, truncated
/// towards i32.
struct CastArgs {
  static constexpr OpId kOp = OpId::cast;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;  // same shape, any dtype
};

/// A new tensor with the same values in `dtype`.
Tensor cast(Backend& backend, const Tensor& x, DType dtype);

/// The same into `out`, of the same shape.
void cast_into(Backend& backend, const Tensor& x, const Tensor& out);

/// A copy with memory of its own.
Tensor clone(Backend& backend, const Tensor& x);

}  // namespace alpha
