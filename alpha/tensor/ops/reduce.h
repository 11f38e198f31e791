#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// Sums x down to the shape of out, which broadcasts to the shape of x: the inverse of
/// broadcasting, and every sum over axes.
struct SumToArgs {
  static constexpr OpId kOp = OpId::sum_to;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;                    // dtype of x, or its accumulation dtype
  bool is_accumulating = false;  // out += sum instead of out = sum
};

/// out[i] = x at i, with x repeated along its broadcast axes.
struct BroadcastToArgs {
  static constexpr OpId kOp = OpId::broadcast_to;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;
};

/// out = Σ x², summed in double.
struct SumSquaresArgs {
  static constexpr OpId kOp = OpId::sum_squares;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;  // [], f64
};

/// Error: `shape` does not broadcast to x.shape().
Tensor sum_to(Backend& backend, const Tensor& x, const Shape& shape);

/// into += sum of x; `into` may be of x's accumulation dtype.
void sum_to_accumulate(Backend& backend, const Tensor& x, const Tensor& into);

Tensor broadcast_to(Backend& backend, const Tensor& x, const Shape& shape);

/// All elements, a scalar []. The mean of nothing is an error.
Tensor sum(Backend& backend, const Tensor& x);
Tensor mean(Backend& backend, const Tensor& x);

/// Along one axis, which is dropped, or kept with size 1.
Tensor sum(Backend& backend, const Tensor& x, int axis, bool keepdims = false);
Tensor mean(Backend& backend, const Tensor& x, int axis, bool keepdims = false);

/// Σ x², a scalar [] of f64.
Tensor sum_squares(Backend& backend, const Tensor& x);

}  // namespace alpha
