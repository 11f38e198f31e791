#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out[i] = f(x[i]). `a` and `b` are the parameters of f, where it has any. `out` may be `x`.
template<OpId op>
struct UnaryArgs {
  static constexpr OpId kOp = op;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;
  double a = 0;
  double b = 0;
};

/// dx[i] = dy[i] f'(x[i]). `dx` may be `dy`.
template<OpId op>
struct UnaryBackwardArgs {
  static constexpr OpId kOp = op;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor dy;
  Tensor dx;
  double a = 0;
  double b = 0;
};

using NegArgs = UnaryArgs<OpId::neg>;
using ExpArgs = UnaryArgs<OpId::exp>;
using LogArgs = UnaryArgs<OpId::log>;
using SqrtArgs = UnaryArgs<OpId::sqrt>;
using PowArgs = UnaryArgs<OpId::pow>;      // x^a
using ScaleArgs = UnaryArgs<OpId::scale>;  // a x
using ClampArgs = UnaryArgs<OpId::clamp>;  // min(max(x, a), b)
using ReluArgs = UnaryArgs<OpId::relu>;
using GeluArgs = UnaryArgs<OpId::gelu>;
using SiluArgs = UnaryArgs<OpId::silu>;
using SoftCapArgs = UnaryArgs<OpId::soft_cap>;  // a tanh(x / a)
using ClampBackwardArgs = UnaryBackwardArgs<OpId::clamp_backward>;
using ReluBackwardArgs = UnaryBackwardArgs<OpId::relu_backward>;
using GeluBackwardArgs = UnaryBackwardArgs<OpId::gelu_backward>;
using SiluBackwardArgs = UnaryBackwardArgs<OpId::silu_backward>;
using SoftCapBackwardArgs = UnaryBackwardArgs<OpId::soft_cap_backward>;

Tensor neg(Backend& backend, const Tensor& x);
Tensor exp(Backend& backend, const Tensor& x);
Tensor log(Backend& backend, const Tensor& x);
Tensor sqrt(Backend& backend, const Tensor& x);
Tensor pow(Backend& backend, const Tensor& x, double exponent);
Tensor scale(Backend& backend, const Tensor& x, double factor);

/// Error: low > high.
Tensor clamp(Backend& backend, const Tensor& x, double low, double high);
Tensor relu(Backend& backend, const Tensor& x);

/// GELU in its tanh form: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks and Gimpel, 2016).
Tensor gelu(Backend& backend, const Tensor& x);

/// x / (1 + e^-x).
Tensor silu(Backend& backend, const Tensor& x);

/// cap · tanh(x / cap): within ±cap, close to x near 0. Error: cap <= 0.
Tensor soft_cap(Backend& backend, const Tensor& x, double cap);

/// Passes dy where low < x < high.
Tensor clamp_backward(Backend& backend, const Tensor& x, const Tensor& dy, double low, double high);
Tensor relu_backward(Backend& backend, const Tensor& x, const Tensor& dy);
Tensor gelu_backward(Backend& backend, const Tensor& x, const Tensor& dy);
Tensor silu_backward(Backend& backend, const Tensor& x, const Tensor& dy);
Tensor soft_cap_backward(Backend& backend, const Tensor& x, const Tensor& dy, double cap);

}  // namespace alpha
