#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace alpha::cpu_ref {

/// The denominator of a softmax: Σ e^(value - shift).
struct SoftmaxSum {
  double shift = 0;  // the largest value, so that no term overflows
  double sum = 0;

  /// log Σ e^value; -infinity for a row of -infinities.
  double lse() const noexcept { return shift + std::log(sum); }

  /// The softmax weight of `value`; 0 in a row of -infinities.
  double weight(double value) const noexcept {
    return sum == 0 ? 0 : std::exp(value - shift) / sum;
  }
};

/// Over value(0) … value(n - 1). A NaN among them makes the sum NaN.
template<class Value>
SoftmaxSum softmax_sum(std::int64_t n, Value&& value) {
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  double largest = kLowest;
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = value(i);
    if (v > largest) largest = v;
  }
  SoftmaxSum result;
  result.shift = largest == kLowest ? 0 : largest;  // -inf - -inf would be NaN
  for (std::int64_t i = 0; i < n; ++i) result.sum += std::exp(value(i) - result.shift);
  return result;
}

}  // namespace alpha::cpu_ref
