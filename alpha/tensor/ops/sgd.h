#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// One step of stochastic gradient descent with momentum (Polyak, 1964) and decoupled weight decay
/// over a flat stretch of parameters, each element:
///
///   g ← scale · grad;  p ← p - lr · weight_decay · p
///   m ← momentum · m + g;   p ← p - lr · m
///
/// without m: p ← p - lr · g; and, if asked, a narrower copy of p for the next forward pass. Where
/// scale is 0 nothing is changed: the step is skipped.
struct SgdArgs {
  static constexpr OpId kOp = OpId::sgd;

  DType dtype() const { return parameters.dtype(); }

  Tensor parameters;  // [n]
  Tensor gradients;   // [n]
  Tensor m;           // [n]; or undefined: no momentum
  Tensor copy;        // [n], bf16 or f16; or undefined
  Tensor scale;       // [], accumulation dtype: what gradients count
  double lr = 0;
  double momentum = 0;
  double weight_decay = 0;
};

/// Checks that all are flat and alike (the copy in any floating dtype), and runs the step.
void sgd(Backend& backend, const SgdArgs& args);

}  // namespace alpha
