#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/layer_norm_backward.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/column_sums.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/tensor/ops/layer_norm.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

// With xhat = (x - mean) rstd and g = dy · weight:
//   dx = rstd (g - mean(g) - xhat mean(g xhat)), dweight = Σ dy xhat, dbias = Σ dy.
template<class T>
void backward_rows(const LayerNormBackwardArgs& args, std::int64_t begin, std::int64_t end,
                   float* dweight, float* dbias) {
  const std::int64_t C = args.x.shape().back();
  const T* weight = args.weight.data<T>();
  for_each_vector(C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    store(set(0), dweight + i, lanes);
    store(set(0), dbias + i, lanes);
  });
  for (std::int64_t row = begin; row < end; ++row) {
    const T* x = args.x.data<T>() + row * C;
    const T* dy = args.dy.data<T>() + row * C;
    T* dx = args.dx.data<T>() + row * C;
    const V32 mean = set(args.mean.data<float>()[row]);
    const V32 rstd = set(args.rstd.data<float>()[row]);
    const auto xhat_at = [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      return hn::Mul(hn::Sub(load(x + i, lanes), mean), rstd);
    };
    const TwoSums sums = two_sums_of(C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 g = hn::Mul(load(dy + i, lanes), load(weight + i, lanes));
      return TwoTerms{g, hn::Mul(g, xhat_at(i, lanes))};
    });
    const V32 mean_g = set(static_cast<float>(sums.first / static_cast<double>(C)));
    const V32 mean_gx = set(static_cast<float>(sums.second / static_cast<double>(C)));
    for_each_vector(C, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 xhat = xhat_at(i, lanes);
      const V32 vdy = load(dy + i, lanes);
      const V32 g = hn::Mul(vdy, load(weight + i, lanes));
      const V32 inner = hn::NegMulAdd(xhat, mean_gx, hn::Sub(g, mean_g));
      store(hn::MulAdd(vdy, xhat, load(dweight + i, lanes)), dweight + i, lanes);
      store(hn::Add(vdy, load(dbias + i, lanes)), dbias + i, lanes);
      store(hn::Mul(rstd, inner), dx + i, lanes);
    });
  }
}

void layer_norm_backward_rows(const LayerNormBackwardArgs& args, std::int64_t begin,
                              std::int64_t end, float* dweight, float* dbias) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    backward_rows<std::remove_pointer_t<decltype(type)>>(args, begin, end, dweight, dbias);
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(layer_norm_backward_rows);

}  // namespace

void layer_norm_backward(CpuBackend& backend, const LayerNormBackwardArgs& args) {
  const std::int64_t N = args.x.shape().rows();
  const std::int64_t C = args.x.shape().back();
  const RowBlocks blocks(N, C);
  // Per block: its sum for dweight, then its sum for dbias.
  const StorageRef scratch =
      backend.memory().allocate(static_cast<std::size_t>(blocks.n_blocks * 2 * C) * sizeof(float));
  auto* partials = reinterpret_cast<float*>(scratch->host());
  backend.pool().run(blocks.n_blocks, [&](std::int64_t block) {
    const std::int64_t begin = block * blocks.rows_per_block;
    float* partial = partials + block * 2 * C;
    HWY_DYNAMIC_DISPATCH(layer_norm_backward_rows)
    (args, begin, std::min(begin + blocks.rows_per_block, N), partial, partial + C);
  });
  add_partials(backend.pool(), partials, blocks.n_blocks, 2 * C, C,
               {.data = args.dweight.raw(), .is_accumulating = true});
  if (args.dbias.is_defined()) {
    add_partials(backend.pool(), partials + C, blocks.n_blocks, 2 * C, C,
                 {.data = args.dbias.raw(), .is_accumulating = true});
  }
}

}  // namespace alpha::cpu

#endif
