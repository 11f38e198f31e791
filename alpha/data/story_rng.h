#pragma once

#include <cstddef>
#include <cstdint>

namespace alpha {

/// The dice of the story writer: SplitMix64. SeededRng would not do: its values repeat after 8,190
/// draws, which is about 200 stories.
class StoryRng {
 public:
  explicit StoryRng(std::int32_t seed) noexcept : state_(static_cast<std::uint32_t>(seed)) {}

  /// Uniform in 0..n-1, for 1 <= n < 2^32.
  std::size_t pick(std::size_t n) noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    z ^= z >> 31U;
    return static_cast<std::size_t>(((z >> 32U) * n) >> 32U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace alpha
