// What every SIMD kernel stands on: f32 and bf16 memory as f32 vectors and back, loops with tails,
// sums in a fixed order. Compiled once per target by Highway:
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "alpha/cpu/kernels/<this file>.cpp"
//   #include <hwy/foreach_target.h>
//   #include "alpha/cpu/kernels/simd-inl.h"
//
// Lambdas that hold vector code carry ALPHA_VECTOR_CODE: without it clang compiles them for the
// baseline, and GCC may call them instead of inlining them.
#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include "alpha/cpu/kernels/math-inl.h"
#include "alpha/tensor/dtype.h"

#if defined(ALPHA_CPU_KERNELS_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALPHA_CPU_KERNELS_SIMD_INL_H
#undef ALPHA_CPU_KERNELS_SIMD_INL_H
#else
#define ALPHA_CPU_KERNELS_SIMD_INL_H
#endif

#undef ALPHA_VECTOR_CODE
#define ALPHA_VECTOR_CODE __attribute__((always_inline)) HWY_ATTR

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

using U16 = hn::Rebind<std::uint16_t, F32>;
using U32 = hn::RebindToUnsigned<F32>;

inline constexpr bool kIsMaskedMemorySafe =
    HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL;  // for 16-bit lanes too

/// A number of the reference's, as a vector computes with it.
HWY_INLINE V32 set_rounded(double value) {
  return set(static_cast<float>(value));
}

/// How much of a vector is there: all of it, or its first `n` lanes.
struct AllLanes {};

struct FirstLanes {
  std::size_t n = 0;  // 0 < n < lanes
};

HWY_INLINE V32 from_bf16_bits(hn::Vec<U16> bits) {
  return hn::BitCast(F32(), hn::ShiftLeft<16>(hn::PromoteTo(U32(), bits)));
}

/// Round to nearest even; a NaN stays a NaN. The same bits as BF16(float).
HWY_INLINE hn::Vec<U16> to_bf16_bits(V32 v) {
  const U32 du;
  const auto u = hn::BitCast(du, v);
  const auto upper = hn::ShiftRight<16>(u);
  const auto odd = hn::And(upper, hn::Set(du, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(u, hn::Set(du, 0x7fff)), odd));
  const auto quiet = hn::Or(upper, hn::Set(du, 0x40));
  const auto is_nan = hn::RebindMask(du, hn::IsNaN(v));
  return hn::TruncateTo(U16(), hn::IfThenElse(is_nan, quiet, rounded));
}

HWY_INLINE V32 load(const float* p, AllLanes = {}) {
  return hn::LoadU(F32(), p);
}

HWY_INLINE V32 load(const BF16* p, AllLanes = {}) {
  return from_bf16_bits(hn::LoadU(U16(), &p->bits));
}

HWY_INLINE void store(V32 v, float* p, AllLanes = {}) {
  hn::StoreU(v, F32(), p);
}

HWY_INLINE void store(V32 v, BF16* p, AllLanes = {}) {
  hn::StoreU(to_bf16_bits(v), U16(), &p->bits);
}

/// Lanes beyond `lanes.n` are 0.
HWY_INLINE V32 load(const float* p, FirstLanes lanes) {
  const F32 d;
  if constexpr (kIsMaskedMemorySafe || HWY_TARGET == HWY_AVX2) {
    return hn::MaskedLoad(hn::FirstN(d, lanes.n), d, p);
  } else {
    HWY_ALIGN float buffer[hn::MaxLanes(F32())] = {};
    std::memcpy(buffer, p, lanes.n * sizeof(float));
    return hn::Load(d, buffer);
  }
}

HWY_INLINE V32 load(const BF16* p, FirstLanes lanes) {
  const U16 d;
  if constexpr (kIsMaskedMemorySafe) {
    return from_bf16_bits(hn::MaskedLoad(hn::FirstN(d, lanes.n), d, &p->bits));
  } else {
    HWY_ALIGN std::uint16_t buffer[hn::MaxLanes(F32())] = {};
    for (std::size_t i = 0; i < lanes.n; ++i) buffer[i] = p[i].bits;
    return from_bf16_bits(hn::LoadU(d, buffer));
  }
}

/// Writes the first `lanes.n` lanes and nothing else.
HWY_INLINE void store(V32 v, float* p, FirstLanes lanes) {
  const F32 d;
  if constexpr (kIsMaskedMemorySafe || HWY_TARGET == HWY_AVX2) {
    hn::BlendedStore(v, hn::FirstN(d, lanes.n), d, p);
  } else {
    HWY_ALIGN float buffer[hn::MaxLanes(F32())];
    hn::Store(v, d, buffer);
    std::memcpy(p, buffer, lanes.n * sizeof(float));
  }
}

HWY_INLINE void store(V32 v, BF16* p, FirstLanes lanes) {
  const U16 d;
  if constexpr (kIsMaskedMemorySafe) {
    hn::BlendedStore(to_bf16_bits(v), hn::FirstN(d, lanes.n), d, &p->bits);
  } else {
    HWY_ALIGN std::uint16_t buffer[hn::MaxLanes(F32())];
    hn::StoreU(to_bf16_bits(v), d, buffer);
    for (std::size_t i = 0; i < lanes.n; ++i) p[i].bits = buffer[i];
  }
}

/// Calls body(i, lanes) for i = 0, L, 2L, … < n, where L is the number of lanes; `lanes` is
/// AllLanes but for the tail. What body does per vector is load(p + i, lanes) and store(v, p + i,
/// lanes).
template<class Body>
HWY_INLINE void for_each_vector(std::int64_t n, Body&& body) {
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, AllLanes{});
  if (i < n) body(i, FirstLanes{static_cast<std::size_t>(n - i)});
}

/// v with 0 (or `other`) in the lanes that are not there.
HWY_INLINE V32 present(V32 v, AllLanes) {
  return v;
}

HWY_INLINE V32 present(V32 v, FirstLanes lanes) {
  return hn::IfThenElseZero(hn::FirstN(F32(), lanes.n), v);
}

HWY_INLINE V32 present_or(V32 v, V32 /*other*/, AllLanes) {
  return v;
}

HWY_INLINE V32 present_or(V32 v, V32 other, FirstLanes lanes) {
  return hn::IfThenElse(hn::FirstN(F32(), lanes.n), v, other);
}

HWY_INLINE float sum_of_lanes(V32 v) {
  return hn::GetLane(hn::SumOfLanes(F32(), v));
}

HWY_INLINE float max_of_lanes(V32 v) {
  return hn::GetLane(hn::MaxOfLanes(F32(), v));
}

/// Lanes are summed in f32 over at most this many elements, then in double.
inline constexpr std::int64_t kSumBlock = 4096;

/// Σ term(i, lanes) over n elements, always in the same order. Four sums side by side, because an
/// addition takes four cycles.
template<class Term>
HWY_INLINE double sum_of(std::int64_t n, Term&& term) {
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
  double total = 0;
  for (std::int64_t begin = 0; begin < n; begin += kSumBlock) {
    const std::int64_t end = HWY_MIN(begin + kSumBlock, n);
    V32 s0 = set(0);
    V32 s1 = set(0);
    V32 s2 = set(0);
    V32 s3 = set(0);
    std::int64_t i = begin;
    for (; i + 4 * kLanes <= end; i += 4 * kLanes) {
      s0 = hn::Add(s0, term(i, AllLanes{}));
      s1 = hn::Add(s1, term(i + kLanes, AllLanes{}));
      s2 = hn::Add(s2, term(i + 2 * kLanes, AllLanes{}));
      s3 = hn::Add(s3, term(i + 3 * kLanes, AllLanes{}));
    }
    for (; i + kLanes <= end; i += kLanes) s0 = hn::Add(s0, term(i, AllLanes{}));
    if (i < end) {
      const FirstLanes lanes{static_cast<std::size_t>(end - i)};
      s1 = hn::Add(s1, present(term(i, lanes), lanes));
    }
    total += static_cast<double>(sum_of_lanes(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  }
  return total;
}

struct TwoSums {
  double first = 0;
  double second = 0;
};

struct TwoTerms {
  V32 first;
  V32 second;
};

/// Two sums in one pass: terms(i, lanes) returns TwoTerms.
template<class Terms>
HWY_INLINE TwoSums two_sums_of(std::int64_t n, Terms&& terms) {
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
  TwoSums total;
  for (std::int64_t begin = 0; begin < n; begin += kSumBlock) {
    const std::int64_t end = HWY_MIN(begin + kSumBlock, n);
    TwoTerms even{set(0), set(0)};
    TwoTerms odd = even;
    std::int64_t i = begin;
    for (; i + 2 * kLanes <= end; i += 2 * kLanes) {
      const TwoTerms t0 = terms(i, AllLanes{});
      const TwoTerms t1 = terms(i + kLanes, AllLanes{});
      even = {hn::Add(even.first, t0.first), hn::Add(even.second, t0.second)};
      odd = {hn::Add(odd.first, t1.first), hn::Add(odd.second, t1.second)};
    }
    for_each_vector(end - i, [&](std::int64_t j, auto lanes) ALPHA_VECTOR_CODE {
      const TwoTerms t = terms(i + j, lanes);
      even = {hn::Add(even.first, present(t.first, lanes)),
              hn::Add(even.second, present(t.second, lanes))};
    });
    total.first += static_cast<double>(sum_of_lanes(hn::Add(even.first, odd.first)));
    total.second += static_cast<double>(sum_of_lanes(hn::Add(even.second, odd.second)));
  }
  return total;
}

/// Largest of n elements; -infinity when there are none.
template<class T>
HWY_INLINE float max_of(const T* x, std::int64_t n) {
  constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
  const V32 least = set(-__builtin_inff());
  V32 m0 = least;
  V32 m1 = least;
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    m0 = hn::Max(m0, load(x + i));
    m1 = hn::Max(m1, load(x + i + kLanes));
  }
  for_each_vector(n - i, [&](std::int64_t j, auto lanes) ALPHA_VECTOR_CODE {
    m0 = hn::Max(m0, present_or(load(x + i + j, lanes), least, lanes));
  });
  return max_of_lanes(hn::Max(m0, m1));
}

/// Whether there is a NaN among elements of which none is above -infinity: `max_of` may lose it.
template<class T>
HWY_INLINE bool has_nan_below(const T* x, std::int64_t n) {
  return std::isnan(
      sum_of(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE { return load(x + i, lanes); }));
}

/// Calls f with a null pointer of the C++ type behind a native dtype: float or BF16.
template<class F>
HWY_INLINE void visit_native(DType dtype, F&& f) {
  if (dtype == DType::bf16) {
    f(static_cast<BF16*>(nullptr));
  } else {
    f(static_cast<float*>(nullptr));
  }
}

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif
