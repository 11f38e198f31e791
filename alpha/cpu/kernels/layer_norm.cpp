#include "alpha/tensor/ops/layer_norm.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/layer_norm.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/column_sums.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T>
void normalize_rows(const LayerNormArgs& args, std::int64_t begin, std::int64_t end) {
  const std::int64_t C = args.x.shape().back();
  const T* weight = args.weight.data<T>();
  const T* bias = args.bias.is_defined() ? args.bias.data<T>() : nullptr;
  for (std::int64_t row = begin; row < end; ++row) {
    const T* x = args.x.data<T>() + row * C;
    T* out = args.out.data<T>() + row * C;
    const double mean = sum_of(C, [&](std::int64_t i, auto lanes)
                                      ALPHA_VECTOR_CODE { return load(x + i, lanes); }) /
                        static_cast<double>(C);
    const V32 vmean = set(static_cast<float>(mean));
    const double variance = sum_of(C,
                                   [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
                                     const V32 centred = hn::Sub(load(x + i, lanes), vmean);
                                     return hn::Mul(centred, centred);
                                   }) /
                            static_cast<double>(C);
    const auto rstd = static_cast<float>(1.0 / __builtin_sqrt(variance + args.eps));
    args.mean.data<float>()[row] = static_cast<float>(mean);
    args.rstd.data<float>()[row] = rstd;
    const V32 vrstd = set(rstd);
    for_each_vector(C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 xhat = hn::Mul(hn::Sub(load(x + i, lanes), vmean), vrstd);
      const V32 shift = bias == nullptr ? set(0) : load(bias + i, lanes);
      store(hn::MulAdd(xhat, load(weight + i, lanes), shift), out + i, lanes);
    });
  }
}

void layer_norm_rows(const LayerNormArgs& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    normalize_rows<std::remove_pointer_t<decltype(type)>>(args, begin, end);
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(layer_norm_rows);

}  // namespace

void layer_norm(CpuBackend& backend, const LayerNormArgs& args) {
  const Shape& shape = args.x.shape();
  backend.pool().run_chunks(shape.rows(), row_grain(shape.back()),
                            [&](std::int64_t begin, std::int64_t end) {
                              HWY_DYNAMIC_DISPATCH(layer_norm_rows)(args, begin, end);
                            });
}

}  // namespace alpha::cpu

#endif
