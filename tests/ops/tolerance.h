#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <string>

#include "alpha/tensor/dtype.h"

namespace alpha::test {

/// How far a result may be from the truth, by the dtype of the result. The only such table.
struct Tolerance {
  double epsilon;  // of (magnitude + |truth|)
  double floor;    // below this, numbers of the dtype lose digits or are flushed to 0
};

constexpr Tolerance tolerance(DType dtype) noexcept {
  switch (dtype) {
    case DType::f64: return {.epsilon = 1e-13, .floor = 0x1p-1022};
    case DType::f32: return {.epsilon = 2e-6, .floor = 0x1p-126};
    case DType::f16: return {.epsilon = 5.5e-4, .floor = 0x1p-24};
    case DType::bf16: return {.epsilon = 4.3e-3, .floor = 0x1p-126};
    case DType::i32: break;
  }
  return {.epsilon = 0, .floor = 0};
}

/// What a result may be off by; see OpCase.
struct Allowance {
  double factor = 1;
  double magnitude = 1;
};

/// True when `x`, a number of `dtype`, is as close to `truth` as the table asks. NaN matches NaN
/// only; where the truth is beyond the range of the dtype, x is the infinity.
bool is_close(double x, double truth, DType dtype, const Allowance& allowance);

/// A sentence about the element that is furthest beyond its allowance; nothing when all are close.
std::optional<std::string> worst_mismatch(std::span<const double> x, std::span<const double> truth,
                                          DType dtype, const Allowance& allowance);

}  // namespace alpha::test
