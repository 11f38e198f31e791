#pragma once

#include <cstddef>
#include <span>

namespace alpha {

/// Where a prefix of some values, sorted from the largest, ends: it holds every value above
/// `least`, and of those equal to it all but the last `n_excess`.
struct PrefixCut {
  float least = 0;
  std::size_t n_excess = 0;
};

/// The shortest prefix with `n` values. Found without sorting, by halving the range in which its
/// end lies: at most 64 passes, two or so over all values in practice. `values` need scan::room,
/// lie in [least, largest], are at least `n` >= 1, and are destroyed.
PrefixCut cut_at_count(std::span<float> values, std::size_t n, float least, float largest);

/// The shortest prefix whose sum is >= `mass` > 0, all values where rounding keeps their sum below
/// it. The values are positive; the rest as above.
PrefixCut cut_at_mass(std::span<float> values, double mass, float least, float largest);

}  // namespace alpha
