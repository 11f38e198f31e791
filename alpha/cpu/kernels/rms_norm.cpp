#include "alpha/tensor/ops/rms_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/rms_norm.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/column_sums.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T>
void normalize_rows(const RmsNormArgs& args, std::int64_t begin, std::int64_t end) {
  const std::int64_t C = args.x.shape().back();
  const T* weight = args.weight.data<T>();
  for (std::int64_t row = begin; row < end; ++row) {
    const T* x = args.x.data<T>() + row * C;
    T* out = args.out.data<T>() + row * C;
    const double mean_square = sum_of(C,
                                      [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
                                        const V32 v = load(x + i, lanes);
                                        return hn::Mul(v, v);
                                      }) /
                               static_cast<double>(C);
    const auto rstd = static_cast<float>(1.0 / __builtin_sqrt(mean_square + args.eps));
    args.rstd.data<float>()[row] = rstd;
    const V32 vrstd = set(rstd);
    for_each_vector(C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 xhat = hn::Mul(load(x + i, lanes), vrstd);
      store(hn::Mul(xhat, load(weight + i, lanes)), out + i, lanes);
    });
  }
}

// With xhat = x rstd and g = dy · weight: dx = rstd (g - xhat mean(g xhat)), dweight = Σ dy xhat.
template<class T>
void backward_rows(const RmsNormBackwardArgs& args, std::int64_t begin, std::int64_t end,
                   float* dweight) {
  const std::int64_t C = args.x.shape().back();
  const T* weight = args.weight.data<T>();
  for_each_vector(
      C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE { store(set(0), dweight + i, lanes); });
  for (std::int64_t row = begin; row < end; ++row) {
    const T* x = args.x.data<T>() + row * C;
    const T* dy = args.dy.data<T>() + row * C;
    T* dx = args.dx.data<T>() + row * C;
    const V32 rstd = set(args.rstd.data<float>()[row]);
    const double sum = sum_of(C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 g = hn::Mul(load(dy + i, lanes), load(weight + i, lanes));
      return hn::Mul(g, hn::Mul(load(x + i, lanes), rstd));
    });
    const V32 mean_gx = set(static_cast<float>(sum / static_cast<double>(C)));
    for_each_vector(C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 xhat = hn::Mul(load(x + i, lanes), rstd);
      const V32 vdy = load(dy + i, lanes);
      const V32 g = hn::Mul(vdy, load(weight + i, lanes));
      store(hn::MulAdd(vdy, xhat, load(dweight + i, lanes)), dweight + i, lanes);
      store(hn::Mul(rstd, hn::NegMulAdd(xhat, mean_gx, g)), dx + i, lanes);
    });
  }
}

void rms_norm_rows(const RmsNormArgs& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    normalize_rows<std::remove_pointer_t<decltype(type)>>(args, begin, end);
  });
}

void rms_norm_backward_rows(const RmsNormBackwardArgs& args, std::int64_t begin, std::int64_t end,
                            float* dweight) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    backward_rows<std::remove_pointer_t<decltype(type)>>(args, begin, end, dweight);
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(rms_norm_rows);
HWY_EXPORT(rms_norm_backward_rows);

}  // namespace

void rms_norm(CpuBackend& backend, const RmsNormArgs& args) {
  const Shape& shape = args.x.shape();
  backend.pool().run_chunks(shape.rows(), row_grain(shape.back()),
                            [&](std::int64_t begin, std::int64_t end) {
                              HWY_DYNAMIC_DISPATCH(rms_norm_rows)(args, begin, end);
                            });
}

void rms_norm_backward(CpuBackend& backend, const RmsNormBackwardArgs& args) {
  const std::int64_t N = args.x.shape().rows();
  const std::int64_t C = args.x.shape().back();
  const RowBlocks blocks(N, C);
  const StorageRef scratch =
      backend.memory().allocate(static_cast<std::size_t>(blocks.n_blocks * C) * sizeof(float));
  auto* partials = reinterpret_cast<float*>(scratch->host());
  backend.pool().run(blocks.n_blocks, [&](std::int64_t block) {
    const std::int64_t begin = block * blocks.rows_per_block;
    HWY_DYNAMIC_DISPATCH(rms_norm_backward_rows)
    (args, begin, std::min(begin + blocks.rows_per_block, N), partials + block * C);
  });
  add_partials(backend.pool(), partials, blocks.n_blocks, C, C,
               {.data = args.dweight.raw(), .is_accumulating = true});
}

}  // namespace alpha::cpu

#endif
