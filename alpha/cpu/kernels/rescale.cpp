#include "alpha/tensor/ops/rescale.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/rescale.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

void rescale_range(const Tensor& tensor, float factor, std::int64_t begin, std::int64_t end) {
  visit_native(tensor.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    auto* x = tensor.data<std::remove_pointer_t<decltype(type)>>() + begin;
    const V32 vfactor = set(factor);
    for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      store(hn::Mul(load(x + i, lanes), vfactor), x + i, lanes);
    });
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(rescale_range);

}  // namespace

void rescale(CpuBackend& backend, const RescaleArgs& args) {
  const float wanted = *args.wanted.data<float>();
  if (wanted == static_cast<float>(args.present)) return;
  const auto factor = static_cast<float>(static_cast<double>(wanted) / args.present);
  backend.pool().run_chunks(args.x.numel(), 2 * kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(rescale_range)(args.x, factor, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
