#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out = silu(gate) · up (Shazeer, "GLU Variants Improve Transformer", 2020).
struct SwigluArgs {
  static constexpr OpId kOp = OpId::swiglu;

  DType dtype() const { return gate.dtype(); }

  Tensor gate;
  Tensor up;   // as gate
  Tensor out;  // as gate
};

struct SwigluBackwardArgs {
  static constexpr OpId kOp = OpId::swiglu_backward;

  DType dtype() const { return gate.dtype(); }

  Tensor gate;
  Tensor up;
  Tensor dy;
  Tensor dgate;
  Tensor dup;
};

Tensor swiglu(Backend& backend, const Tensor& gate, const Tensor& up);

struct SwigluGrads {
  Tensor dgate;
  Tensor dup;
};

SwigluGrads swiglu_backward(Backend& backend, const Tensor& gate, const Tensor& up,
                            const Tensor& dy);

}  // namespace alpha
