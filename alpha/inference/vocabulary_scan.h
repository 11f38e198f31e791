#pragma once

#include <cstddef>
#include <span>

#include "alpha/tokenizers/tokenizer.h"

/// Vectorised passes over one value per token of the vocabulary: what sampling and
/// log-probabilities spend their time on. Values are f32, sums are in double and in a fixed order:
/// the same bits on every run on a machine (machines with other vectors may differ in the last
/// bits). -infinity is a token that cannot come. No pass allocates.
namespace alpha::scan {

/// Values per group: few enough for a second look at some groups, enough that groups are few.
inline constexpr std::size_t kGroup = 128;

constexpr std::size_t n_groups(std::size_t n_values) noexcept {
  return (n_values + kGroup - 1) / kGroup;
}

/// Elements that an output of n values needs room for: passes write whole vectors.
constexpr std::size_t room(std::size_t n_values) noexcept {
  return n_values + kGroup;
}

/// The largest value, and that of each group: `groups` [n_groups]. NaN when there is a NaN.
float maxima(std::span<const float> x, float* groups) noexcept;

/// The smallest value above -infinity; +infinity when there is none. `x` has no NaN.
float least_finite(std::span<const float> x) noexcept;

/// `out` [room] = e^((x - largest) · scale), 0 below e^-87; `groups` [n_groups] = their sums.
/// Returns the sum of the sums. `out` may be `x`.
double weights(std::span<const float> x, float largest, float scale, float* out,
               double* groups) noexcept;

/// `groups` [n_groups] = the sums of the values >= `least`. Returns the sum of the sums. No value
/// is negative.
double sums(std::span<const float> x, float least, double* groups) noexcept;

/// How many values are >= `least`, which is above -infinity.
std::size_t count(std::span<const float> x, float least) noexcept;

/// The sum of the values >= `least`. No value is negative.
double sum(std::span<const float> x, float least) noexcept;

/// Writes the values in [least, below) to `out` [room], in order, and returns how many. `least` >
/// -infinity. `out` may be `x`.
std::size_t collect(std::span<const float> x, float least, float below, float* out) noexcept;

/// The same for values >= `least`, with their tokens: that of x[i] is first + i.
std::size_t collect(std::span<const float> x, float least, TokenId first, float* out,
                    TokenId* tokens) noexcept;

}  // namespace alpha::scan
