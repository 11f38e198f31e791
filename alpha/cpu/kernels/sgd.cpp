#include "alpha/tensor/ops/sgd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/sgd.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/optimizer.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T>
void step(const SgdArgs& args, std::int64_t begin, std::int64_t end) {
  T* parameters = args.parameters.data<T>() + begin;
  const T* gradients = args.gradients.data<T>() + begin;
  T* m = args.m.is_defined() ? args.m.data<T>() + begin : nullptr;
  BF16* copy = args.copy.is_defined() ? args.copy.data<BF16>() + begin : nullptr;
  const V32 scale = set(*args.scale.data<float>());
  const V32 momentum = set_rounded(args.momentum);
  const V32 decay = set_rounded(args.lr * args.weight_decay);
  const V32 lr = set_rounded(args.lr);
  for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    const V32 g = hn::Mul(load(gradients + i, lanes), scale);
    const V32 p = load(parameters + i, lanes);
    V32 step = g;
    if (m != nullptr) {
      step = hn::MulAdd(momentum, load(m + i, lanes), g);
      store(step, m + i, lanes);
    }
    const V32 new_p = hn::NegMulAdd(lr, step, hn::NegMulAdd(decay, p, p));
    store(new_p, parameters + i, lanes);
    if (copy != nullptr) store(new_p, copy + i, lanes);
  });
}

void sgd_range(const SgdArgs& args, std::int64_t begin, std::int64_t end) {
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

HWY_EXPORT(sgd_range);

}  // namespace

void sgd(CpuBackend& backend, const SgdArgs& args) {
  run_optimizer(backend, args, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(sgd_range)(args, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
