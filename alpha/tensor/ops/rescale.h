#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// x *= wanted / present, in place: for what was computed with an expected factor (`present`)
/// before the true one was there, in a tensor. Where both are the same number of wanted's dtype, as
/// they mostly are, no element is touched.
struct RescaleArgs {
  static constexpr OpId kOp = OpId::rescale;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor wanted;       // [], accumulation dtype
  double present = 1;  // finite, not 0
};

void rescale(Backend& backend, const Tensor& x, const Tensor& wanted, double present);

}  // namespace alpha
