#include "alpha/cpu/gemm_convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/gemm_convert.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {
namespace {

template<class From, class To>
HWY_INLINE void convert(const From* from, To* to, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto lanes)
                         ALPHA_VECTOR_CODE { store(load(from + i, lanes), to + i, lanes); });
}

void bf16_to_f32_simd(const BF16* from, float* to, std::int64_t n) {
  convert(from, to, n);
}

void f32_to_bf16_simd(const float* from, BF16* to, std::int64_t n) {
  convert(from, to, n);
}

}  // namespace
}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

HWY_EXPORT(bf16_to_f32_simd);
HWY_EXPORT(f32_to_bf16_simd);

void bf16_to_f32(const BF16* from, float* to, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(bf16_to_f32_simd)(from, to, n);
}

void f32_to_bf16(const float* from, BF16* to, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(f32_to_bf16_simd)(from, to, n);
}

}  // namespace alpha::cpu

#endif
