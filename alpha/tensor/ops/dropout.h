#pragma once

#include "alpha/core/rng.h"
#include "alpha/tensor/backend.h"

namespace alpha {

/// out[i] = x[i] / (1 - p) where element i is kept, else 0. Element i is kept when
/// key.bits(i) > DropoutKey::drop_threshold(p): the mask is computed, never stored, and backward is
/// the same op on dy.
struct DropoutArgs {
  static constexpr OpId kOp = OpId::dropout;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;  // may be x
  double p = 0;
  DropoutKey key;
};

/// out = residual + dropout(x): the end of each half of a transformer block.
struct ResidualDropoutArgs {
  static constexpr OpId kOp = OpId::residual_dropout;

  DType dtype() const { return x.dtype(); }

  Tensor residual;
  Tensor x;    // as residual
  Tensor out;  // as residual; may be residual or x
  double p = 0;
  DropoutKey key;
};

/// Everything is kept for p = 0. Error: p outside [0, 1).
Tensor dropout(Backend& backend, const Tensor& x, double p, DropoutKey key);
Tensor residual_dropout(Backend& backend, const Tensor& residual, const Tensor& x, double p,
                        DropoutKey key);

}  // namespace alpha
