#include "alpha/tensor/ops/swiglu.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/swiglu.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

void swiglu_range(const SwigluArgs& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    using T = std::remove_pointer_t<decltype(type)>;
    const T* gate = args.gate.data<T>() + begin;
    const T* up = args.up.data<T>() + begin;
    T* out = args.out.data<T>() + begin;
    for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      store(hn::Mul(silu_of(load(gate + i, lanes)), load(up + i, lanes)), out + i, lanes);
    });
  });
}

void swiglu_backward_range(const SwigluBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    using T = std::remove_pointer_t<decltype(type)>;
    const T* gate = args.gate.data<T>() + begin;
    const T* up = args.up.data<T>() + begin;
    const T* dy = args.dy.data<T>() + begin;
    T* dgate = args.dgate.data<T>() + begin;
    T* dup = args.dup.data<T>() + begin;
    for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 vgate = load(gate + i, lanes);
      const V32 vup = load(up + i, lanes);
      const V32 vdy = load(dy + i, lanes);
      store(hn::Mul(hn::Mul(vdy, vup), silu_slope(vgate)), dgate + i, lanes);
      store(hn::Mul(vdy, silu_of(vgate)), dup + i, lanes);
    });
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(swiglu_range);
HWY_EXPORT(swiglu_backward_range);

}  // namespace

void swiglu(CpuBackend& backend, const SwigluArgs& args) {
  backend.pool().run_chunks(args.gate.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(swiglu_range)(args, begin, end);
  });
}

void swiglu_backward(CpuBackend& backend, const SwigluBackwardArgs& args) {
  backend.pool().run_chunks(args.gate.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(swiglu_backward_range)(args, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
