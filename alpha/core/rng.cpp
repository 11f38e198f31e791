#include "alpha/core/rng.h"

#include <cmath>
#include <numbers>

namespace alpha {

namespace {
constexpr int kWarmUp = 20;

/// A bijection of 64 bits in which every input bit moves about half of the output bits: the
/// finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U;

}  // namespace

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

CounterRng::CounterRng(std::uint64_t seed, std::uint64_t stream) noexcept
    : key_(mix(mix(seed + kGolden) + (stream + 1) * kGolden)) {}

std::uint64_t CounterRng::bits(std::uint64_t position) const noexcept {
  return mix(mix(key_ + (position + 1) * kGolden) ^ key_);
}

double CounterRng::gauss(std::uint64_t position) const noexcept {
  const double u = 1 - uniform(2 * position);  // in (0, 1]
  const double v = uniform(2 * position + 1);
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

}  // namespace alpha
