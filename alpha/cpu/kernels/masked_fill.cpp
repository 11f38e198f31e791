#include "alpha/tensor/ops/masked_fill.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/masked_fill.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/broadcast.h"
#include "alpha/cpu/kernels/operand.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

void masked_fill_run(const MaskedFillArgs& args, const Operand& mask, std::int64_t at,
                     std::int64_t n) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    using T = std::remove_pointer_t<decltype(type)>;
    const T* x = args.x.data<T>() + at;
    const T* m = reinterpret_cast<const T*>(mask.data);
    T* out = args.out.data<T>() + at;
    const V32 value = set(static_cast<float>(args.value));
    if (n == 0) return;
    const V32 m0 = set(static_cast<float>(*m));
    for_each_vector(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 is_masked = mask.is_repeated ? m0 : load(m + i, lanes);
      const V32 v = load(x + i, lanes);
      store(hn::IfThenElse(hn::Eq(is_masked, set(0)), v, value), out + i, lanes);
    });
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(masked_fill_run);

}  // namespace

void masked_fill(CpuBackend& backend, const MaskedFillArgs& args) {
  const auto size = static_cast<std::int64_t>(size_of(args.dtype()));
  const std::array shapes = {args.mask.shape()};
  const BroadcastRuns runs(args.x.shape(), shapes);
  runs.for_each(backend.pool(), [&](std::int64_t run, std::int64_t begin, std::int64_t end) {
    const Operand mask{args.mask.raw() + runs.offset(0, run, begin) * size, runs.is_repeated(0)};
    HWY_DYNAMIC_DISPATCH(masked_fill_run)(args, mask, run * runs.size() + begin, end - begin);
  });
}

}  // namespace alpha::cpu

#endif
