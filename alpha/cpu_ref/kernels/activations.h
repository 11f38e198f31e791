#pragma once

#include <cmath>

#include "alpha/tensor/ops/linear.h"

namespace alpha::cpu_ref {

// The activation functions and their derivatives; formulas in alpha/tensor/ops/unary.h.

inline constexpr double kSqrt2OverPi = 0.79788456080286535588;
inline constexpr double kGeluCubic = 0.044715;

inline double relu_value(double x) noexcept {
  return x < 0 ? 0 : x;  // in this form a NaN stays a NaN
}

/// 0 at 0.
inline double relu_derivative(double x) noexcept {
  return x > 0 ? 1 : 0;
}

inline double gelu_value(double x) noexcept {
  return 0.5 * x * (1 + std::tanh(kSqrt2OverPi * (x + kGeluCubic * x * x * x)));
}

inline double gelu_derivative(double x) noexcept {
  const double t = std::tanh(kSqrt2OverPi * (x + kGeluCubic * x * x * x));
  const double inner_derivative = kSqrt2OverPi * (1 + 3 * kGeluCubic * x * x);
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner_derivative;
}

inline double sigmoid(double x) noexcept {
  return 1 / (1 + std::exp(-x));
}

inline double silu_value(double x) noexcept {
  return x / (1 + std::exp(-x));
}

inline double silu_derivative(double x) noexcept {
  const double s = sigmoid(x);
  return s * (1 + x * (1 - s));
}

inline double soft_cap_value(double x, double cap) noexcept {
  return cap * std::tanh(x / cap);
}

/// From the result y of soft_cap_value.
inline double soft_cap_derivative_from_result(double y, double cap) noexcept {
  return 1 - (y / cap) * (y / cap);
}

inline double activate(Activation activation, double x) noexcept {
  switch (activation) {
    case Activation::none: return x;
    case Activation::gelu: return gelu_value(x);
    case Activation::relu: return relu_value(x);
    case Activation::silu: return silu_value(x);
  }
  return x;
}

}  // namespace alpha::cpu_ref
