#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// What gradients count in a step of an optimizer, decided where they are:
///
///   norm = √squares
///   scale = 0             a loss or the norm is not finite, or the norm is above the spike
///   threshold
///           clip / norm   the norm is above the clip; at least 2^-126, so that 0 means a skipped
///           step 1             else
struct GradientScaleArgs {
  static constexpr OpId kOp = OpId::gradient_scale;

  DType dtype() const { return losses.dtype(); }

  Tensor losses;               // [n]
  Tensor squares;              // [], f64: Σ g²
  Tensor scale;                // [], accumulation dtype
  Tensor report;               // [n + 2], f64: losses, squares, scale (rounded less, if at all)
  double clip = 0;             // 0: none
  double spike_threshold = 0;  // 0: none
};

struct GradientScale {
  Tensor scale;   // for an optimizer
  Tensor report;  // for the host: all that it wants to know of a step
};

/// losses [n], n > 0; squares as sum_squares gives them.
GradientScale gradient_scale(Backend& backend, const Tensor& losses, const Tensor& squares,
                             double clip, double spike_threshold);

}  // namespace alpha
