#include "alpha/tensor/ops/dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/dropout.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/dropout-inl.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

/// Elements [begin, end), all with the same upper half of their index. `residual` may be null.
template<class T>
void drop(const T* residual, const T* x, T* out, std::int64_t begin, std::int64_t end, double p,
          const DropoutKey& key) {
  const KeepMask mask(key, p, static_cast<std::uint64_t>(begin));
  const V32 scale = set(static_cast<float>(1.0 / (1.0 - p)));
  for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    const std::int64_t at = begin + i;
    const V32 kept = hn::IfThenElseZero(mask.at(static_cast<std::uint32_t>(i)),
                                        hn::Mul(load(x + at, lanes), scale));
    store(residual == nullptr ? kept : hn::Add(load(residual + at, lanes), kept), out + at, lanes);
  });
}

template<class Args>
HWY_INLINE void drop_range(const Args& args, const Tensor* residual, std::int64_t begin,
                           std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    using T = std::remove_pointer_t<decltype(type)>;
    while (begin < end) {
      const std::int64_t same_upper_half = HWY_MIN(end, (begin | 0xffffffffLL) + 1);
      drop<T>(residual == nullptr ? nullptr : residual->data<T>(), args.x.template data<T>(),
              args.out.template data<T>(), begin, same_upper_half, args.p, args.key);
      begin = same_upper_half;
    }
  });
}

void dropout_range(const DropoutArgs& args, std::int64_t begin, std::int64_t end) {
  drop_range(args, nullptr, begin, end);
}

void residual_dropout_range(const ResidualDropoutArgs& args, std::int64_t begin, std::int64_t end) {
  drop_range(args, &args.residual, begin, end);
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(dropout_range);
HWY_EXPORT(residual_dropout_range);

}  // namespace

void dropout(CpuBackend& backend, const DropoutArgs& args) {
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(dropout_range)(args, begin, end);
  });
}

void residual_dropout(CpuBackend& backend, const ResidualDropoutArgs& args) {
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(residual_dropout_range)(args, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
