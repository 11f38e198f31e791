#pragma once

#include "alpha/helios/kernels/rows.h"

namespace alpha::helios {

/// What layer_norm and rms_norm have in common: the latter has no mean and no bias.
struct NormForward {
  Tensor x;       // [N, C]
  Tensor weight;  // [C]
  Tensor bias;    // or undefined
  Tensor out;
  Tensor mean;  // or undefined: rms_norm
  Tensor rstd;
  double eps = 0;
};

struct NormBackward {
  Tensor x;
  Tensor weight;
  Tensor mean;  // or undefined
  Tensor rstd;
  Tensor dy;
  Tensor dx;
  Tensor dweight;
  Tensor dbias;  // or undefined
};

void norm_forward(HeliosBackend& backend, const NormForward& args);
void norm_backward(HeliosBackend& backend, const NormBackward& args);

}  // namespace alpha::helios
