#include "alpha/tensor/ops/lion.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/lion.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/optimizer.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T>
void step(const LionArgs& args, std::int64_t begin, std::int64_t end) {
  T* parameters = args.parameters.data<T>() + begin;
  const T* gradients = args.gradients.data<T>() + begin;
  T* m = args.m.data<T>() + begin;
  BF16* copy = args.copy.is_defined() ? args.copy.data<BF16>() + begin : nullptr;
  const V32 scale = set(*args.scale.data<float>());
  const V32 beta1 = set_rounded(args.beta1);
  const V32 beta2 = set_rounded(args.beta2);
  const V32 rest1 = set_rounded(1.0 - args.beta1);
  const V32 rest2 = set_rounded(1.0 - args.beta2);
  const V32 decay = set_rounded(args.lr * args.weight_decay);
  const V32 lr = set_rounded(args.lr);
  for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    const V32 g = hn::Mul(load(gradients + i, lanes), scale);
    const V32 p = load(parameters + i, lanes);
    const V32 old_m = load(m + i, lanes);
    const V32 mean = hn::MulAdd(beta1, old_m, hn::Mul(rest1, g));
    // lr with the sign of the mean; a mean of 0, or a NaN, itself.
    const auto has_sign = hn::Gt(hn::Abs(mean), hn::Zero(F32()));
    const V32 step = hn::IfThenElse(has_sign, hn::CopySign(lr, mean), mean);
    const V32 new_p = hn::Sub(hn::NegMulAdd(decay, p, p), step);
    store(hn::MulAdd(beta2, old_m, hn::Mul(rest2, g)), m + i, lanes);
    store(new_p, parameters + i, lanes);
    if (copy != nullptr) store(new_p, copy + i, lanes);
  });
}

void lion_range(const LionArgs& args, std::int64_t begin, std::int64_t end) {
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

HWY_EXPORT(lion_range);

}  // namespace

void lion(CpuBackend& backend, const LionArgs& args) {
  run_optimizer(backend, args, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(lion_range)(args, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
