#pragma once

#include <cstdint>
#include <optional>

namespace alpha {

/// The original's sequential generator (xorshift128+-like, two 32-bit words): same seed, same bits
/// as there. Beware: for every seed it repeats itself after 8,190 numbers. It is here to reproduce
/// the original's numbers; whatever needs randomness that lasts takes CounterRng.
class SeededRng {
 public:
  /// Everything the generator is; a checkpoint stores it, so that a resumed run draws the next
  /// number and not the first.
  struct State {
    std::int32_t s0 = 0;
    std::int32_t s1 = 0;
    std::optional<double> spare;  // second half of the last Gaussian pair

    bool operator==(const State&) const = default;
  };

  explicit SeededRng(std::int32_t seed);

  /// Uniform in [0, 1), a multiple of 2^-32.
  double next() noexcept;

  /// Standard normal (Marsaglia's polar method).
  double next_gauss() noexcept;

  const State& state() const noexcept { return state_; }

  void set_state(const State& state) noexcept { state_ = state; }

 private:
  State state_;
};

/// Randomness as a pure function of (seed, stream, position): nothing to store but a position, any
/// order of draws, any number of threads. Streams of one seed are independent.
class CounterRng {
 public:
  CounterRng(std::uint64_t seed, std::uint64_t stream) noexcept;

  /// 64 random bits.
  std::uint64_t bits(std::uint64_t position) const noexcept;

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform(std::uint64_t position) const noexcept {
    return static_cast<double>(bits(position) >> 11U) * 0x1p-53;
  }

  /// Standard normal (Box and Muller, 1958); uses draws 2 position and 2 position + 1.
  double gauss(std::uint64_t position) const noexcept;

 private:
  std::uint64_t key_;
};

/// One dropout mask: all of its randomness, so that a mask is a pure function of (key, element)
/// and never stored. Forward, backward, a recomputed block and every backend read the same mask.
struct DropoutKey {
  std::int32_t seed = 0;
  std::uint32_t counter = 0;  // one per mask within a step

  /// Uniform in [0, 1) for element `index`: the original's hash. Indices beyond 2^32 fold their
  /// high half into the counter.
  double uniform(std::uint64_t index) const noexcept { return bits(index) * 0x1p-32; }

  /// The 32 bits behind `uniform`.
  std::uint32_t bits(std::uint64_t index) const noexcept {
    const auto low = static_cast<std::uint32_t>(index);
    const auto high = static_cast<std::uint32_t>(index >> 32U);
    std::uint32_t h = static_cast<std::uint32_t>(seed) +
                      (counter + high * 0x9e3779b9U) * 2654435761U + low * 2246822519U;
    h = (h ^ (h >> 16U)) * 0x85ebca6bU;
    h = (h ^ (h >> 13U)) * 0xc2b2ae35U;
    return h ^ (h >> 16U);
  }

  /// Element `index` is kept when bits(index) > drop_threshold(p), that is when uniform > p.
  static std::uint32_t drop_threshold(double p) noexcept {
    return static_cast<std::uint32_t>(p * 4294967296.0);
  }

  bool operator==(const DropoutKey&) const = default;
};

}  // namespace alpha
