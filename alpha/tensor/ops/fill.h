#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

struct FillArgs {
  static constexpr OpId kOp = OpId::fill;

  DType dtype() const { return out.dtype(); }

  Tensor out;
  double value = 0;
};

/// out[i] = value.
void fill(Backend& backend, const Tensor& out, double value);

}  // namespace alpha
