#include "alpha/core/rng.h"

#include <cmath>

namespace alpha {

namespace {
constexpr int kWarmUp = 20;
}

SeededRng::SeededRng(std::int32_t seed)
    : state_{.s0 = seed,
             .s1 = static_cast<std::int32_t>(static_cast<std::uint32_t>(seed) ^ 0xdeadbeefU),
             .spare = std::nullopt} {
  for (int i = 0; i < kWarmUp; ++i) next();
}

double SeededRng::next() noexcept {
  auto s1 = static_cast<std::uint32_t>(state_.s0);
  const auto s0 = static_cast<std::uint32_t>(state_.s1);
  s1 ^= s1 << 23U;
  s1 ^= s1 >> 17U;
  s1 ^= s0;
  s1 ^= s0 >> 26U;
  state_.s0 = static_cast<std::int32_t>(s0);
  state_.s1 = static_cast<std::int32_t>(s1);
  return (s0 + s1) * 0x1p-32;
}

double SeededRng::next_gauss() noexcept {
  if (state_.spare) {
    const double spare = *state_.spare;
    state_.spare.reset();
    return spare;
  }
  double u = 0;
  double v = 0;
  double s = 0;
  do {
    u = 2 * next() - 1;
    v = 2 * next() - 1;
    s = u * u + v * v;
  } while (s >= 1 || s == 0);
  const double m = std::sqrt(-2 * std::log(s) / s);
  state_.spare = v * m;
  return u * m;
}

}  // namespace alpha
