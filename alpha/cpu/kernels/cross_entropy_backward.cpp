#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/cross_entropy_backward.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"
#include "alpha/tensor/ops/cross_entropy.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T, class D>
void backward_rows(const CrossEntropyBackwardArgs& args, std::int64_t begin, std::int64_t end,
                   double factor) {
  const std::int64_t V = args.logits.shape().back();
  const V32 vfactor = set(static_cast<float>(factor));
  for (std::int64_t row = begin; row < end; ++row) {
    const T* logits = args.logits.data<T>() + row * V;
    D* dlogits = args.dlogits.data<D>() + row * V;
    const std::int32_t target = args.targets.data<std::int32_t>()[row];
    if (target == args.ignore_index) {
      for_each_vector(V, [&](std::int64_t i, auto lanes)
                             ALPHA_VECTOR_CODE { store(set(0), dlogits + i, lanes); });
      continue;
    }
    const float lse = args.lse.data<float>()[row];
    const V32 vlse = set(lse);
    for_each_vector(V, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 p = vexp(hn::Sub(load(logits + i, lanes), vlse));
      store(hn::Mul(p, vfactor), dlogits + i, lanes);
    });
    const double p = std::exp(static_cast<double>(static_cast<float>(logits[target])) -
                              static_cast<double>(lse));
    dlogits[target] = D(static_cast<float>((p - 1.0) * factor));
  }
}

/// Rows [begin, end) of dlogits; `factor` is dloss over the number of counted rows.
void cross_entropy_backward_rows(const CrossEntropyBackwardArgs& args, std::int64_t begin,
                                 std::int64_t end, double factor) {
  visit_native(args.dtype(), [&](auto* in) ALPHA_VECTOR_CODE {
    visit_native(args.dlogits.dtype(), [&](auto* out) ALPHA_VECTOR_CODE {
      backward_rows<std::remove_pointer_t<decltype(in)>, std::remove_pointer_t<decltype(out)>>(
          args, begin, end, factor);
    });
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(cross_entropy_backward_rows);

}  // namespace

void cross_entropy_backward(CpuBackend& backend, const CrossEntropyBackwardArgs& args) {
  const DType out = args.dlogits.dtype();
  if (out != DType::f32 && out != DType::bf16) {
    cpu_ref::kernel_table().run(backend, CrossEntropyBackwardArgs::kOp, args.dtype(), &args);
    return;
  }
  const std::int64_t N = args.logits.shape().rows();
  const std::int32_t* targets = args.targets.data<std::int32_t>();
  const std::int64_t n_counted = N - std::count(targets, targets + N, args.ignore_index);
  const double factor = n_counted == 0 ? 0.0
                                       : static_cast<double>(*args.dloss.data<float>()) /
                                             static_cast<double>(n_counted);
  backend.pool().run_chunks(
      N, row_grain(args.logits.shape().back()), [&](std::int64_t begin, std::int64_t end) {
        HWY_DYNAMIC_DISPATCH(cross_entropy_backward_rows)(args, begin, end, factor);
      });
}

}  // namespace alpha::cpu

#endif
