#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out = x rstd · weight over the last axis, rstd = 1 / √(mean(x²) + eps) (Zhang and Sennrich,
/// 2019).
struct RmsNormArgs {
  static constexpr OpId kOp = OpId::rms_norm;

  DType dtype() const { return x.dtype(); }

  Tensor x;       // [N, C]
  Tensor weight;  // [C]
  Tensor out;     // [N, C]
  Tensor rstd;    // [N], accumulation dtype: kept for backward
  double eps = 1e-5;
};

/// dx is written; dweight is added to.
struct RmsNormBackwardArgs {
  static constexpr OpId kOp = OpId::rms_norm_backward;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor weight;
  Tensor rstd;
  Tensor dy;
  Tensor dx;
  Tensor dweight;  // [C], accumulation dtype
};

struct RmsNormResult {
  Tensor out;
  Tensor rstd;
};

/// x [..., C], weight [C].
RmsNormResult rms_norm(Backend& backend, const Tensor& x, const Tensor& weight, double eps = 1e-5);

/// Returns dx; adds to dweight.
Tensor rms_norm_backward(Backend& backend, const Tensor& x, const Tensor& weight,
                         const RmsNormResult& forward, const Tensor& dy, const Tensor& dweight);

}  // namespace alpha
