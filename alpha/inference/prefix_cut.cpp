#include "alpha/inference/prefix_cut.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>

#include "alpha/inference/vocabulary_scan.h"

namespace alpha {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// So few values are sorted at once.
constexpr std::size_t kFew = 64;

/// An integer with the order of the floats, and back.
std::int64_t to_key(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits < 0 ? bits ^ std::numeric_limits<std::int32_t>::max() : bits;
}

float from_key(std::int64_t key) {
  const auto bits = static_cast<std::int32_t>(key);
  return std::bit_cast<float>(bits < 0 ? bits ^ std::numeric_limits<std::int32_t>::max() : bits);
}

/// What fills a prefix: a number of values, or their sum.
struct Count {
  static double of(float /*value*/) { return 1; }

  static double at_least(std::span<const float> values, float least) {
    return static_cast<double>(scan::count(values, least));
  }
};

struct Mass {
  static double of(float value) { return static_cast<double>(value); }

  static double at_least(std::span<const float> values, float least) {
    return scan::sum(values, least);
  }
};

/// Where about this share of the size of the values lies above: by a sample.
template<class Size>
float guess(std::span<const float> values, double share) {
  std::array<float, 32> sample;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    sample[i] = values[(2 * i + 1) * values.size() / (2 * sample.size())];
  }
  std::ranges::sort(sample, std::greater<>());
  double total = 0;
  for (const float value : sample) total += Size::of(value);
  std::size_t at = 0;
  for (double above = 0; at + 1 < sample.size(); ++at) {
    above += Size::of(sample[at]);
    if (above > share * total) break;
  }
  return sample[std::min(at + 1, sample.size() - 1)];  // rather a little too low than too high
}

template<class Size>
PrefixCut find_cut(std::span<float> values, double target, float least, float largest) {
  std::int64_t low = to_key(least);  // the prefix ends with a value in [low, high)
  std::int64_t high = to_key(largest) + 1;
  double above = 0;  // the size of what is >= high and no longer among the values
  double left = Size::at_least(values, least);
  bool is_slow = false;
  while (values.size() > kFew && high - low > 1) {
    // Guesses that shrink the range slowly take turns with halving its keys, which ends.
    const std::int64_t pivot =
        is_slow
            ? low + (high - low) / 2
            : std::clamp(to_key(guess<Size>(values, (target - above) / left)), low + 1, high - 1);
    const float at = from_key(pivot);
    const double upper = Size::at_least(values, at);
    const bool is_upper = above + upper >= target;
    const std::size_t n = is_upper ? scan::collect(values, at, kInfinity, values.data())
                                   : scan::collect(values, from_key(low), at, values.data());
    (is_upper ? low : high) = pivot;
    above += is_upper ? 0 : upper;
    left = is_upper ? upper : left - upper;
    is_slow = !is_slow && n > values.size() / 2;
    values = values.first(n);
  }
  if (high - low > 1) std::ranges::sort(values, std::greater<>());
  PrefixCut cut;
  for (const float value : values) {
    if (above < target) {
      above += Size::of(value);
      cut.least = value;
    } else if (value == cut.least) {
      ++cut.n_excess;
    } else {
      break;
    }
  }
  return cut;
}

}  // namespace

PrefixCut cut_at_count(std::span<float> values, std::size_t n, float least, float largest) {
  return find_cut<Count>(values, static_cast<double>(n), least, largest);
}

PrefixCut cut_at_mass(std::span<float> values, double mass, float least, float largest) {
  return find_cut<Mass>(values, mass, least, largest);
}

}  // namespace alpha
