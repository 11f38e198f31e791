#include "alpha/inference/vocabulary_scan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/inference/vocabulary_scan.cpp"
// foreach_target.h comes before the rest of Highway.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();

namespace alpha::scan::HWY_NAMESPACE {

namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using V32 = hn::Vec<F32>;
using F64 = hn::ScalableTag<double>;
using V64 = hn::Vec<F64>;
using HalfF32 = hn::Rebind<float, F64>;  // as many floats as there are doubles in a vector

constexpr std::size_t kLanes = hn::MaxLanes(F32());
constexpr std::size_t kDoubles = hn::MaxLanes(F64());
constexpr float kInfinity = std::numeric_limits<float>::infinity();
static_assert(kGroup % (4 * kLanes) == 0 || kLanes == 1);

HWY_INLINE V32 set(float value) {
  return hn::Set(F32(), value);
}

using Padded = std::array<float, kGroup>;

/// Calls body(pointer to kGroup values, index of the first): the last group padded with `pad`.
template<class Body>
HWY_INLINE void for_each_group(std::span<const float> x, float pad, Body&& body) {
  std::size_t i = 0;
  for (; i + kGroup <= x.size(); i += kGroup) body(x.data() + i, i);
  if (i == x.size()) return;
  Padded tail;
  tail.fill(pad);
  std::copy(x.begin() + static_cast<std::ptrdiff_t>(i), x.end(), tail.begin());
  body(tail.data(), i);
}

/// The sum of kGroup values >= least. Four sums side by side, because an addition takes four
/// cycles.
HWY_INLINE double group_sum(const float* x, float least) {
  const F64 d;
  const HalfF32 half;
  const auto at = [&](std::size_t i) HWY_ATTR {
    const auto v = hn::LoadU(half, x + i);
    return hn::PromoteTo(d, hn::IfThenElseZero(hn::Ge(v, hn::Set(half, least)), v));
  };
  V64 s0 = hn::Zero(d);
  V64 s1 = s0;
  V64 s2 = s0;
  V64 s3 = s0;
  for (std::size_t i = 0; i < kGroup; i += 4 * kDoubles) {
    s0 = hn::Add(s0, at(i));
    s1 = hn::Add(s1, at(i + kDoubles));
    s2 = hn::Add(s2, at(i + 2 * kDoubles));
    s3 = hn::Add(s3, at(i + 3 * kDoubles));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

float maxima_of(std::span<const float> x, float* groups) {
  const F32 d;
  V32 largest = set(-kInfinity);
  auto is_nan = hn::IsNaN(largest);
  for_each_group(x, -kInfinity, [&](const float* p, std::size_t first) HWY_ATTR {
    V32 m0 = set(-kInfinity);
    V32 m1 = m0;
    for (std::size_t i = 0; i < kGroup; i += 2 * kLanes) {
      const V32 v0 = hn::LoadU(d, p + i);
      const V32 v1 = hn::LoadU(d, p + i + kLanes);
      m0 = hn::Max(m0, v0);
      m1 = hn::Max(m1, v1);
      is_nan = hn::Or(is_nan, hn::Or(hn::IsNaN(v0), hn::IsNaN(v1)));
    }
    const V32 m = hn::MaxOfLanes(d, hn::Max(m0, m1));
    groups[first / kGroup] = hn::GetLane(m);
    largest = hn::Max(largest, m);
  });
  if (!hn::AllFalse(d, is_nan)) return std::numeric_limits<float>::quiet_NaN();
  return hn::GetLane(largest);
}

float least_finite_of(std::span<const float> x) {
  const F32 d;
  const V32 infinity = set(kInfinity);
  V32 least = infinity;
  for_each_group(x, kInfinity, [&](const float* p, std::size_t) HWY_ATTR {
    for (std::size_t i = 0; i < kGroup; i += kLanes) {
      const V32 v = hn::LoadU(d, p + i);
      least = hn::Min(least, hn::IfThenElse(hn::Gt(v, set(-kInfinity)), v, infinity));
    }
  });
  return hn::GetLane(hn::MinOfLanes(d, least));
}

/// e^x for -87 <= x <= 0 within 1.5 units in the last place: x = k ln 2 + r, then 2^k times a
/// polynomial in r, by Remez' method right to 4e-9 on |r| <= ln 2 / 2. Half the work of Highway's,
/// which has to do for every x.
HWY_INLINE V32 exp_of_weight(V32 x) {
  const F32 d;
  const hn::RebindToSigned<F32> di;
  const V32 shifter = set(12582912.0F);  // 1.5 · 2^23: rounds, and leaves k in the low bits
  const V32 shifted = hn::MulAdd(x, set(1.44269504F), shifter);
  const V32 k = hn::Sub(shifted, shifter);
  V32 r = hn::NegMulAdd(k, set(0.693359375F), x);  // ln 2 in two parts: the first is exact
  r = hn::NegMulAdd(k, set(-2.12194440e-4F), r);
  V32 q = hn::MulAdd(r, set(0.00138144629796F), set(0.00836878033105F));
  q = hn::MulAdd(q, r, set(0.0416683942675F));
  q = hn::MulAdd(q, r, set(0.16666520109F));
  q = hn::MulAdd(q, r, set(0.499999934124F));
  const V32 p = hn::Add(hn::MulAdd(q, hn::Mul(r, r), r), set(1.0F));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

/// Below e^-87 comes 0 and no denormal: on some CPUs making one takes a hundred cycles, and beside
/// a weight of 1 it is nothing. The comparison is false for NaN: -infinity with a scale of 0.
HWY_INLINE void group_weights(const float* x, float largest, float scale, float* out) {
  const F32 d;
  for (std::size_t i = 0; i < kGroup; i += kLanes) {
    const V32 v = hn::Mul(hn::Sub(hn::LoadU(d, x + i), set(largest)), set(scale));
    const auto is_seen = hn::Ge(v, set(-87.0F));
    hn::StoreU(hn::IfThenElseZero(is_seen, exp_of_weight(v)), d, out + i);
  }
}

double weights_of(std::span<const float> x, float largest, float scale, float* out,
                  double* groups) {
  double total = 0;
  for_each_group(x, -kInfinity, [&](const float* p, std::size_t first) HWY_ATTR {
    group_weights(p, largest, scale, out + first);
    const double sum = group_sum(out + first, 0);
    groups[first / kGroup] = sum;
    total += sum;
  });
  return total;
}

double sums_of(std::span<const float> x, float least, double* groups) {
  double total = 0;
  for_each_group(x, 0, [&](const float* p, std::size_t first) HWY_ATTR {
    const double sum = group_sum(p, least);
    groups[first / kGroup] = sum;
    total += sum;
  });
  return total;
}

std::size_t count_at_least(std::span<const float> x, float least) {
  const F32 d;
  std::size_t n = 0;
  for_each_group(x, -kInfinity, [&](const float* p, std::size_t) HWY_ATTR {
    for (std::size_t i = 0; i < kGroup; i += kLanes) {
      n += hn::CountTrue(d, hn::Ge(hn::LoadU(d, p + i), set(least)));
    }
  });
  return n;
}

double sum_at_least(std::span<const float> x, float least) {
  double sum = 0;
  for_each_group(x, 0, [&](const float* p, std::size_t) HWY_ATTR { sum += group_sum(p, least); });
  return sum;
}

std::size_t collect_values(std::span<const float> x, float least, float below, float* out) {
  const F32 d;
  std::size_t n = 0;
  for_each_group(x, -kInfinity, [&](const float* p, std::size_t) HWY_ATTR {
    for (std::size_t i = 0; i < kGroup; i += kLanes) {
      const V32 v = hn::LoadU(d, p + i);
      const auto is_kept = hn::And(hn::Ge(v, set(least)), hn::Lt(v, set(below)));
      n += hn::CompressStore(v, is_kept, d, out + n);
    }
  });
  return n;
}

std::size_t collect_tokens(std::span<const float> x, float least, TokenId first_token, float* out,
                           TokenId* tokens) {
  const F32 d;
  const hn::RebindToSigned<F32> di;
  std::size_t n = 0;
  for_each_group(x, -kInfinity, [&](const float* p, std::size_t first) HWY_ATTR {
    for (std::size_t i = 0; i < kGroup; i += kLanes) {
      const V32 v = hn::LoadU(d, p + i);
      const auto is_kept = hn::Ge(v, set(least));
      const auto ids = hn::Iota(di, first_token + static_cast<TokenId>(first + i));
      hn::CompressStore(ids, hn::RebindMask(di, is_kept), di, tokens + n);
      n += hn::CompressStore(v, is_kept, d, out + n);
    }
  });
  return n;
}

}  // namespace

}  // namespace alpha::scan::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::scan {

namespace {

HWY_EXPORT(maxima_of);
HWY_EXPORT(least_finite_of);
HWY_EXPORT(weights_of);
HWY_EXPORT(sums_of);
HWY_EXPORT(count_at_least);
HWY_EXPORT(sum_at_least);
HWY_EXPORT(collect_values);
HWY_EXPORT(collect_tokens);

}  // namespace

float maxima(std::span<const float> x, float* groups) noexcept {
  return HWY_DYNAMIC_DISPATCH(maxima_of)(x, groups);
}

float least_finite(std::span<const float> x) noexcept {
  return HWY_DYNAMIC_DISPATCH(least_finite_of)(x);
}

double weights(std::span<const float> x, float largest, float scale, float* out,
               double* groups) noexcept {
  return HWY_DYNAMIC_DISPATCH(weights_of)(x, largest, scale, out, groups);
}

double sums(std::span<const float> x, float least, double* groups) noexcept {
  return HWY_DYNAMIC_DISPATCH(sums_of)(x, least, groups);
}

std::size_t count(std::span<const float> x, float least) noexcept {
  return HWY_DYNAMIC_DISPATCH(count_at_least)(x, least);
}

double sum(std::span<const float> x, float least) noexcept {
  return HWY_DYNAMIC_DISPATCH(sum_at_least)(x, least);
}

std::size_t collect(std::span<const float> x, float least, float below, float* out) noexcept {
  return HWY_DYNAMIC_DISPATCH(collect_values)(x, least, below, out);
}

std::size_t collect(std::span<const float> x, float least, TokenId first, float* out,
                    TokenId* tokens) noexcept {
  return HWY_DYNAMIC_DISPATCH(collect_tokens)(x, least, first, out, tokens);
}

}  // namespace alpha::scan

#endif
