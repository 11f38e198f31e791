// Vector mathematics in f32, compiled once per target by Highway. Include within a file that uses
// foreach_target.h, or through simd-inl.h.
#include <hwy/highway.h>

#if defined(ALPHA_CPU_KERNELS_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ALPHA_CPU_KERNELS_MATH_INL_H
#undef ALPHA_CPU_KERNELS_MATH_INL_H
#else
#define ALPHA_CPU_KERNELS_MATH_INL_H
#endif

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using V32 = hn::Vec<F32>;

HWY_INLINE V32 set(float value) {
  return hn::Set(F32(), value);
}

/// e^x within 1.5 units in the last place; infinity above 88.73, 0 where the result would be
/// denormal (AVX-512 keeps those), NaN stays. x = k ln 2 + r, then 2^k times a polynomial in r, by
/// Remez' method right to 4e-9 on |r| <= ln 2 / 2.
HWY_INLINE V32 vexp(V32 x) {
  // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits.
  const V32 shifter = set(12582912.0F);
  const V32 bounded = hn::Max(set(-104.0F), hn::Min(set(89.0F), x));
  const V32 shifted = hn::MulAdd(bounded, set(1.44269504F), shifter);
  const V32 k = hn::Sub(shifted, shifter);
  V32 r = hn::NegMulAdd(k, set(0.693359375F), bounded);  // ln 2 in two parts: the first is exact
  r = hn::NegMulAdd(k, set(-2.12194440e-4F), r);
  V32 q = hn::MulAdd(r, set(0.00138144629796F), set(0.00836878033105F));
  q = hn::MulAdd(q, r, set(0.0416683942675F));
  q = hn::MulAdd(q, r, set(0.16666520109F));
  q = hn::MulAdd(q, r, set(0.499999934124F));
  const V32 p = hn::Add(hn::MulAdd(q, hn::Mul(r, r), r), set(1.0F));
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return V32{_mm512_scalef_ps(p.raw, k.raw)};  // one instruction, right in all corners
#else
  const F32 d;
  const hn::RebindToSigned<F32> di;
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  const V32 scaled = hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
  const V32 normal = hn::IfThenElseZero(hn::Ge(x, set(-87.33654F)), scaled);
  const V32 beyond = hn::Add(x, set(__builtin_inff()));  // infinity, or NaN for NaN
  return hn::IfThenElse(hn::Le(x, set(88.72283F)), normal, beyond);
#endif
}

/// tanh x. Near 0 an odd polynomial (Remez, relative error 7e-9 on |x| <= 0.65), so that small
/// values keep their precision; elsewhere 1 - 2 / (e^2|x| + 1).
HWY_INLINE V32 vtanh(V32 x) {
  const V32 magnitude = hn::Abs(x);
  const V32 z = hn::Mul(x, x);
  V32 q = hn::MulAdd(z, set(-0.00551515707901F), set(0.0204694121188F));
  q = hn::MulAdd(q, z, set(-0.0536880199481F));
  q = hn::MulAdd(q, z, set(0.133308302922F));
  q = hn::MulAdd(q, z, set(-0.33333259845F));
  const V32 near = hn::MulAdd(hn::Mul(q, z), x, x);
  const V32 e = vexp(hn::Add(magnitude, magnitude));
  const V32 far = hn::Sub(set(1.0F), hn::Div(set(2.0F), hn::Add(e, set(1.0F))));
  return hn::IfThenElse(hn::Lt(magnitude, set(0.625F)), near, hn::CopySign(far, x));
}

/// 1 / (1 + e^-x), and e^-x beside it for derivatives: 1 - sigmoid = e^-x sigmoid without
/// cancellation. Both finite and not 0 for |x| <= 87.
struct Sigmoid {
  V32 e;
  V32 s;
};

HWY_INLINE Sigmoid vsigmoid(V32 x) {
  const V32 e = vexp(hn::Neg(x));
  return {e, hn::Div(set(1.0F), hn::Add(set(1.0F), e))};
}

// GELU in its tanh form is x · sigmoid(2 u) with u = √(2/π) (x + 0.044715 x³).
inline constexpr float kGeluSlope = 1.5957691216F;  // 2 √(2/π)
inline constexpr float kGeluCubic = 0.044715F;

HWY_INLINE V32 gelu_of(V32 x) {
  // At -10.5 the result is 0 in f32; going no further keeps -infinity from becoming NaN.
  const V32 at = hn::Max(set(-10.5F), x);
  const V32 inner = hn::MulAdd(hn::Mul(at, at), set(kGeluSlope * kGeluCubic), set(kGeluSlope));
  return hn::Div(at, hn::Add(set(1.0F), vexp(hn::Neg(hn::Mul(at, inner)))));
}

/// d gelu / dx = s (1 + x (1 - s) du2), du2 = d(2u)/dx.
HWY_INLINE V32 gelu_slope(V32 x) {
  const V32 at = hn::Max(set(-10.0F), hn::Min(set(10.0F), x));
  const V32 square = hn::Mul(at, at);
  const V32 inner = hn::MulAdd(square, set(kGeluSlope * kGeluCubic), set(kGeluSlope));
  const V32 du = hn::MulAdd(square, set(3.0F * kGeluSlope * kGeluCubic), set(kGeluSlope));
  const Sigmoid sigmoid = vsigmoid(hn::Mul(at, inner));
  const V32 rest = hn::Mul(sigmoid.e, sigmoid.s);
  return hn::Mul(sigmoid.s, hn::MulAdd(hn::Mul(at, du), rest, set(1.0F)));
}

HWY_INLINE V32 silu_of(V32 x) {
  const V32 at = hn::Max(set(-104.0F), x);  // 0 in f32 there; -infinity would become NaN
  return hn::Div(at, hn::Add(set(1.0F), vexp(hn::Neg(at))));
}

/// d silu / dx = s (1 + x (1 - s)).
HWY_INLINE V32 silu_slope(V32 x) {
  const V32 at = hn::Max(set(-87.0F), hn::Min(set(87.0F), x));
  const Sigmoid sigmoid = vsigmoid(at);
  return hn::Mul(sigmoid.s, hn::MulAdd(at, hn::Mul(sigmoid.e, sigmoid.s), set(1.0F)));
}

HWY_INLINE V32 relu_of(V32 x) {
  return hn::Max(set(0.0F), x);
}

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif
