#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out = (x - mean) rstd · weight + bias over the last axis, with the population variance and
/// rstd = 1 / √(var + eps) (Ba, Kiros and Hinton, 2016).
struct LayerNormArgs {
  static constexpr OpId kOp = OpId::layer_norm;

  DType dtype() const { return x.dtype(); }

  Tensor x;       // [N, C]
  Tensor weight;  // [C]
  Tensor bias;    // [C], or undefined
  Tensor out;     // [N, C]
  Tensor mean;    // [N], accumulation dtype: kept for backward
  Tensor rstd;    // [N], accumulation dtype
  double eps = 1e-5;
};

/// dx is written; dweight and dbias are added to.
struct LayerNormBackwardArgs {
  static constexpr OpId kOp = OpId::layer_norm_backward;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor weight;
  Tensor mean;
  Tensor rstd;
  Tensor dy;
  Tensor dx;
  Tensor dweight;  // [C], accumulation dtype
  Tensor dbias;    // [C], accumulation dtype, or undefined
};

struct LayerNormResult {
  Tensor out;
  Tensor mean;
  Tensor rstd;
};

/// x [..., C], weight [C], bias [C] or undefined.
LayerNormResult layer_norm(Backend& backend, const Tensor& x, const Tensor& weight,
                           const Tensor& bias, double eps = 1e-5);

/// Returns dx; adds to dweight and to dbias (undefined when there is no bias).
Tensor layer_norm_backward(Backend& backend, const Tensor& x, const Tensor& weight,
                           const LayerNormResult& forward, const Tensor& dy, const Tensor& dweight,
                           const Tensor& dbias);

}  // namespace alpha
