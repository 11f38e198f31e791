#include "alpha/tensor/ops/cast.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/cast.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

void cast_range(const CastArgs& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.x.dtype(), [&](auto* in) ALPHA_VECTOR_CODE {
    visit_native(args.out.dtype(), [&](auto* out) ALPHA_VECTOR_CODE {
      const auto* x = args.x.data<std::remove_pointer_t<decltype(in)>>() + begin;
      auto* y = args.out.data<std::remove_pointer_t<decltype(out)>>() + begin;
      for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
        store(load(x + i, lanes), y + i, lanes);
      });
    });
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(cast_range);

}  // namespace

void cast(CpuBackend& backend, const CastArgs& args) {
  const DType to = args.out.dtype();
  if (to != args.x.dtype() && to != DType::f32 && to != DType::bf16) {
    cpu_ref::kernel_table().run(backend, CastArgs::kOp, args.dtype(), &args);
    return;
  }
  const auto size = static_cast<std::int64_t>(size_of(to));
  backend.pool().run_chunks(args.x.numel(), 2 * kGrain, [&](std::int64_t begin, std::int64_t end) {
    if (to == args.x.dtype()) {
      std::memcpy(args.out.raw() + begin * size, args.x.raw() + begin * size,
                  static_cast<std::size_t>((end - begin) * size));
    } else {
      HWY_DYNAMIC_DISPATCH(cast_range)(args, begin, end);
    }
  });
}

}  // namespace alpha::cpu

#endif
