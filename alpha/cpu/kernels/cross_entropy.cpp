#include "alpha/tensor/ops/cross_entropy.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

/// log Σ e^x. One pass over memory: block by block, each block twice while it is in the cache, and
/// the sum so far scaled down whenever a larger element shows up.
template<class T>
double log_sum_exp(const T* x, std::int64_t n) {
  constexpr std::int64_t kBlock = 2048;
  float max = -__builtin_inff();
  double sum = 0;
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const T* block = x + begin;
    const std::int64_t size = HWY_MIN(kBlock, n - begin);
    const float block_max = max_of(block, size);
    if (block_max > max) {
      if (sum > 0) sum *= std::exp(static_cast<double>(max) - static_cast<double>(block_max));
      max = block_max;
    }
    if (max == -__builtin_inff()) {
      if (has_nan_below(block, size)) return std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    const V32 vmax = set(max);
    sum += sum_of(size, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      return vexp(hn::Sub(load(block + i, lanes), vmax));
    });
  }
  return static_cast<double>(max) + std::log(sum);
}

template<class T>
void lose_rows(const CrossEntropyArgs& args, std::int64_t begin, std::int64_t end, double* losses) {
  const std::int64_t V = args.logits.shape().back();
  const std::int32_t* targets = args.targets.data<std::int32_t>();
  for (std::int64_t row = begin; row < end; ++row) {
    const T* logits = args.logits.data<T>() + row * V;
    const double lse = log_sum_exp(logits, V);
    args.lse.data<float>()[row] = static_cast<float>(lse);
    losses[row] = targets[row] == args.ignore_index
                      ? 0.0
                      : lse - static_cast<double>(static_cast<float>(logits[targets[row]]));
  }
}

/// Writes lse and losses of rows [begin, end); rows that do not count lose 0.
void cross_entropy_rows(const CrossEntropyArgs& args, std::int64_t begin, std::int64_t end,
                        double* losses) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    lose_rows<std::remove_pointer_t<decltype(type)>>(args, begin, end, losses);
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(cross_entropy_rows);

}  // namespace

void cross_entropy(CpuBackend& backend, const CrossEntropyArgs& args) {
  const std::int64_t N = args.logits.shape().rows();
  const StorageRef scratch =
      backend.memory().allocate(static_cast<std::size_t>(N) * sizeof(double));
  auto* losses = reinterpret_cast<double*>(scratch->host());
  backend.pool().run_chunks(N, row_grain(args.logits.shape().back()),
                            [&](std::int64_t begin, std::int64_t end) {
                              HWY_DYNAMIC_DISPATCH(cross_entropy_rows)(args, begin, end, losses);
                            });
  const std::int32_t* targets = args.targets.data<std::int32_t>();
  double total = 0;
  std::int64_t n_counted = 0;
  for (std::int64_t row = 0; row < N; ++row) {
    total += losses[row];
    n_counted += targets[row] != args.ignore_index ? 1 : 0;
  }
  const double mean = n_counted == 0 ? 0.0 : total / static_cast<double>(n_counted);
  *args.loss.data<float>() = static_cast<float>(mean);
}

}  // namespace alpha::cpu

#endif
