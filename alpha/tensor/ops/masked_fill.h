#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out = value where mask is not 0, else x. The mask broadcasts to the shape of x.
struct MaskedFillArgs {
  static constexpr OpId kOp = OpId::masked_fill;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor mask;  // dtype of x
  Tensor out;
  double value = 0;
};

Tensor masked_fill(Backend& backend, const Tensor& x, const Tensor& mask, double value);

}  // namespace alpha
