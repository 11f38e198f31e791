#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// One Lion step (Chen et al., 2023) over a flat stretch of parameters, each element:
///
///   g ← scale · grad;  p ← p - lr · weight_decay · p
///   p ← p - lr · sign(β1 m + (1 - β1) g);  m ← β2 m + (1 - β2) g
///
/// with sign(0) = 0; and, if asked, a narrower copy of p for the next forward pass. Where scale is
/// 0 nothing is changed: the step is skipped.
struct LionArgs {
  static constexpr OpId kOp = OpId::lion;

  DType dtype() const { return parameters.dtype(); }

  Tensor parameters;  // [n]
  Tensor gradients;   // [n]
  Tensor m;           // [n]
  Tensor copy;        // [n], bf16 or f16; or undefined
  Tensor scale;       // [], accumulation dtype: what gradients count
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;
};

/// Checks that all are flat and alike (the copy in any floating dtype), and runs the step.
void lion(Backend& backend, const LionArgs& args);

}  // namespace alpha
