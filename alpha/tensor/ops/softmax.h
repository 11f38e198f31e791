#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// Along axis `axis` of x: out = e^(x - max) / Σ e^(x - max), or its logarithm for log_softmax. A
/// row of -infinities gives zeros (softmax) and stays -infinity (log_softmax).
template<OpId op>
struct SoftmaxFamilyArgs {
  static constexpr OpId kOp = op;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;
  int axis = -1;  // normalised: 0 <= axis < rank
};

/// From the result y: softmax  dx = y (dy - Σ dy y);  log_softmax  dx = dy - e^y Σ dy.
template<OpId op>
struct SoftmaxFamilyBackwardArgs {
  static constexpr OpId kOp = op;

  DType dtype() const { return y.dtype(); }

  Tensor y;
  Tensor dy;
  Tensor dx;
  int axis = -1;
};

using SoftmaxArgs = SoftmaxFamilyArgs<OpId::softmax>;
using LogSoftmaxArgs = SoftmaxFamilyArgs<OpId::log_softmax>;
using SoftmaxBackwardArgs = SoftmaxFamilyBackwardArgs<OpId::softmax_backward>;
using LogSoftmaxBackwardArgs = SoftmaxFamilyBackwardArgs<OpId::log_softmax_backward>;

/// Error: an empty row (the axis has size 0 and there are rows).
Tensor softmax(Backend& backend, const Tensor& x, int axis = -1);
Tensor log_softmax(Backend& backend, const Tensor& x, int axis = -1);
Tensor softmax_backward(Backend& backend, const Tensor& y, const Tensor& dy, int axis = -1);
Tensor log_softmax_backward(Backend& backend, const Tensor& y, const Tensor& dy, int axis = -1);

}  // namespace alpha
