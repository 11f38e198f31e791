#include "alpha/tensor/ops/cross_entropy.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

/// The denominator of a softmax: Σ e^(x - shift).
struct SoftmaxSum {
  float shift = 0;
  double sum = 0;

  double lse() const { return static_cast<double>(shift) + std::log(sum); }
};

/// One pass over memory: block by block, each block twice while it is in the cache, and the sum so
/// far scaled down whenever a larger element shows up. A NaN makes the sum NaN.
template<class T>
SoftmaxSum softmax_sum(const T* x, std::int64_t n) {
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
      if (has_nan_below(block, size)) return {0, std::numeric_limits<double>::quiet_NaN()};
      continue;
    }
    const V32 vmax = set(max);
    sum += sum_of(size, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      return vexp(hn::Sub(load(block + i, lanes), vmax));
    });
  }
  return {max == -__builtin_inff() ? 0.0F : max, sum};
}

template<class T>
double loss_of(const T* logits, const SoftmaxSum& softmax, std::int32_t target) {
  return softmax.lse() - static_cast<double>(static_cast<float>(logits[target]));
}

/// dlogits = (softmax - onehot) · factor of a row that has just been read.
template<class T, class D>
void differentiate(const T* logits, std::int64_t V, const SoftmaxSum& softmax, std::int32_t target,
                   double factor, D* dlogits) {
  const V32 shift = set(softmax.shift);
  const V32 scale = set_rounded(factor / softmax.sum);
  for_each_vector(V, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    store(hn::Mul(vexp(hn::Sub(load(logits + i, lanes), shift)), scale), dlogits + i, lanes);
  });
  const double x = static_cast<double>(static_cast<float>(logits[target]));
  const double p = std::exp(x - static_cast<double>(softmax.shift)) / softmax.sum;
  dlogits[target] = D(static_cast<float>((p - 1.0) * factor));
}

/// Writes the losses of rows [begin, end); rows that do not count lose 0.
void cross_entropy_rows(const CrossEntropyArgs& args, std::int64_t begin, std::int64_t end,
                        double* losses) {
  const std::int64_t V = args.logits.shape().back();
  const std::int32_t* targets = args.targets.data<std::int32_t>();
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    for (std::int64_t row = begin; row < end; ++row) {
      losses[row] = 0;
      if (targets[row] == args.ignore_index) continue;
      const auto* logits = args.logits.data<std::remove_pointer_t<decltype(type)>>() + row * V;
      losses[row] = loss_of(logits, softmax_sum(logits, V), targets[row]);
    }
  });
}

template<class T, class D>
void lose_and_differentiate(const CrossEntropyGradientArgs& args, std::int64_t begin,
                            std::int64_t end, double factor, double* losses) {
  const std::int64_t V = args.logits.shape().back();
  const std::int32_t* targets = args.targets.data<std::int32_t>();
  for (std::int64_t row = begin; row < end; ++row) {
    const T* logits = args.logits.data<T>() + row * V;
    D* dlogits = args.dlogits.data<D>() + row * V;
    losses[row] = 0;
    if (targets[row] == args.ignore_index) {
      std::fill_n(dlogits, V, D());
      continue;
    }
    const SoftmaxSum softmax = softmax_sum(logits, V);
    losses[row] = loss_of(logits, softmax, targets[row]);
    differentiate(logits, V, softmax, targets[row], factor, dlogits);
  }
}

/// The same, and rows [begin, end) of dlogits; `factor` is dloss over the number of counted rows.
void cross_entropy_gradient_rows(const CrossEntropyGradientArgs& args, std::int64_t begin,
                                 std::int64_t end, double factor, double* losses) {
  visit_native(args.dtype(), [&](auto* in) ALPHA_VECTOR_CODE {
    visit_native(args.dlogits.dtype(), [&](auto* out) ALPHA_VECTOR_CODE {
      lose_and_differentiate<std::remove_pointer_t<decltype(in)>,
                             std::remove_pointer_t<decltype(out)>>(args, begin, end, factor,
                                                                   losses);
    });
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(cross_entropy_rows);
HWY_EXPORT(cross_entropy_gradient_rows);

/// The mean of what rows(begin, end, losses) finds row by row, over the rows that count.
template<class Args, class Rows>
void mean_over_rows(CpuBackend& backend, const Args& args, std::int64_t n_counted, Rows&& rows) {
  const std::int64_t N = args.targets.numel();
  const StorageRef scratch =
      backend.memory().allocate(static_cast<std::size_t>(N) * sizeof(double));
  auto* losses = reinterpret_cast<double*>(scratch->host());
  backend.pool().run_chunks(
      N, row_grain(args.logits.shape().back()),
      [&](std::int64_t begin, std::int64_t end) { rows(begin, end, losses); });
  double total = 0;
  for (std::int64_t row = 0; row < N; ++row) total += losses[row];
  const double mean = n_counted == 0 ? 0.0 : total / static_cast<double>(n_counted);
  *args.loss.template data<float>() = static_cast<float>(mean);
}

std::int64_t count_of(const Tensor& targets, std::int32_t ignore_index) {
  const std::int32_t* first = targets.data<std::int32_t>();
  return targets.numel() - std::count(first, first + targets.numel(), ignore_index);
}

}  // namespace

void cross_entropy(CpuBackend& backend, const CrossEntropyArgs& args) {
  mean_over_rows(backend, args, count_of(args.targets, args.ignore_index),
                 [&](std::int64_t begin, std::int64_t end, double* losses) {
                   HWY_DYNAMIC_DISPATCH(cross_entropy_rows)(args, begin, end, losses);
                 });
}

void cross_entropy_gradient(CpuBackend& backend, const CrossEntropyGradientArgs& args) {
  const DType out = args.dlogits.dtype();
  if (out != DType::f32 && out != DType::bf16) {
    cpu_ref::kernel_table().run(backend, CrossEntropyGradientArgs::kOp, args.dtype(), &args);
    return;
  }
  const std::int64_t n_counted = count_of(args.targets, args.ignore_index);
  const double factor = args.dloss / static_cast<double>(std::max<std::int64_t>(n_counted, 1));
  mean_over_rows(
      backend, args, n_counted, [&](std::int64_t begin, std::int64_t end, double* losses) {
        HWY_DYNAMIC_DISPATCH(cross_entropy_gradient_rows)(args, begin, end, factor, losses);
      });
}

}  // namespace alpha::cpu

#endif
