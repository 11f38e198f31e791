#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// One AdamW step (Loshchilov and Hutter, 2019) over a flat stretch of parameters, each element:
///
///   g ← scale · grad;  p ← p - lr · weight_decay · p
///   m ← β1 m + (1 - β1) g;  v ← β2 v + (1 - β2) g²
///   p ← p - lr · (m / bias_correction1) / (√(v / bias_correction2) + eps)
///
/// and, if asked, a narrower copy of p for the next forward pass. Where scale is 0 nothing is
/// changed: the step is skipped.
struct AdamwArgs {
  static constexpr OpId kOp = OpId::adamw;

  DType dtype() const { return parameters.dtype(); }

  Tensor parameters;  // [n]
  Tensor gradients;   // [n]
  Tensor m;           // [n]
  Tensor v;           // [n]
  Tensor copy;        // [n], bf16 or f16; or undefined
  Tensor scale;       // [], accumulation dtype: what gradients count
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  double bias_correction1 = 1;  // 1 - β1^t, t counted from 1
  double bias_correction2 = 1;
};

/// Checks that all are flat and alike (the copy in any floating dtype), and runs the step.
void adamw(Backend& backend, const AdamwArgs& args);

}  // namespace alpha
