#include "alpha/tensor/ops/adamw.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/adamw.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/optimizer.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T>
void step(const AdamwArgs& args, std::int64_t begin, std::int64_t end) {
  T* parameters = args.parameters.data<T>() + begin;
  const T* gradients = args.gradients.data<T>() + begin;
  T* m = args.m.data<T>() + begin;
  T* v = args.v.data<T>() + begin;
  BF16* copy = args.copy.is_defined() ? args.copy.data<BF16>() + begin : nullptr;
  const V32 scale = set(*args.scale.data<float>());
  const V32 beta1 = set_rounded(args.beta1);
  const V32 beta2 = set_rounded(args.beta2);
  const V32 rest1 = set_rounded(1.0 - args.beta1);
  const V32 rest2 = set_rounded(1.0 - args.beta2);
  const V32 decay = set_rounded(args.lr * args.weight_decay);
  const V32 step_size = set_rounded(args.lr / args.bias_correction1);
  const V32 root_scale = set_rounded(1.0 / __builtin_sqrt(args.bias_correction2));
  const V32 eps = set_rounded(args.eps);
  for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    const V32 g = hn::Mul(load(gradients + i, lanes), scale);
    const V32 p = load(parameters + i, lanes);
    const V32 new_m = hn::MulAdd(beta1, load(m + i, lanes), hn::Mul(rest1, g));
    const V32 new_v = hn::MulAdd(beta2, load(v + i, lanes), hn::Mul(hn::Mul(rest2, g), g));
    const V32 update =
        hn::Div(hn::Mul(step_size, new_m), hn::MulAdd(hn::Sqrt(new_v), root_scale, eps));
    const V32 new_p = hn::Sub(hn::NegMulAdd(decay, p, p), update);
    store(new_m, m + i, lanes);
    store(new_v, v + i, lanes);
    store(new_p, parameters + i, lanes);
    if (copy != nullptr) store(new_p, copy + i, lanes);
  });
}

void adamw_range(const AdamwArgs& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    step<std::remove_pointer_t<decltype(type)>>(args, begin, end);
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(adamw_range);

}  // namespace

void adamw(CpuBackend& backend, const AdamwArgs& args) {
  run_optimizer(backend, args, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(adamw_range)(args, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
