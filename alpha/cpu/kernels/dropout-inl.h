// Dropout masks in vectors: the bits of DropoutKey, several elements at a time. Compiled once per
// target by Highway, like simd-inl.h.
#include <cstdint>

#include <hwy/highway.h>

#include "alpha/core/rng.h"
#include "alpha/cpu/kernels/simd-inl.h"

#if defined(ALPHA_CPU_KERNELS_DROPOUT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALPHA_CPU_KERNELS_DROPOUT_INL_H
#undef ALPHA_CPU_KERNELS_DROPOUT_INL_H
#else
#define ALPHA_CPU_KERNELS_DROPOUT_INL_H
#endif

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

/// Which elements dropout keeps, from element `first` on. Holds for elements with the same upper 32
/// bits of their index as `first`.
class KeepMask {
 public:
  HWY_INLINE KeepMask(const DropoutKey& key, double p, std::uint64_t first)
      : threshold_(DropoutKey::drop_threshold(p)) {
    const auto upper = static_cast<std::uint32_t>(first >> 32U);
    base_ = static_cast<std::uint32_t>(key.seed) +
            (key.counter + upper * 0x9e3779b9U) * 2654435761U +
            static_cast<std::uint32_t>(first) * kIndexFactor;
  }

  /// True in the lanes of elements first + i, first + i + 1, … that are kept.
  HWY_INLINE hn::Mask<F32> at(std::uint32_t i) const {
    const U32 d;
    const auto lane = hn::Mul(hn::Iota(d, 0), hn::Set(d, kIndexFactor));
    auto h = hn::Add(hn::Set(d, base_ + i * kIndexFactor), lane);
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(d, 0x85ebca6bU));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<13>(h)), hn::Set(d, 0xc2b2ae35U));
    h = hn::Xor(h, hn::ShiftRight<16>(h));
    return hn::RebindMask(F32(), hn::Gt(h, hn::Set(d, threshold_)));
  }

 private:
  static constexpr std::uint32_t kIndexFactor = 2246822519U;
  std::uint32_t base_ = 0;
  std::uint32_t threshold_ = 0;
};

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif
