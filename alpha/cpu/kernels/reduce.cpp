#include "alpha/tensor/ops/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/reduce.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/broadcast.h"
#include "alpha/cpu/kernels/column_sums.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

double sum_range(DType dtype, const std::byte* x, std::int64_t n) {
  double sum = 0;
  visit_native(dtype, [&](auto* type) ALPHA_VECTOR_CODE {
    const auto* p = reinterpret_cast<decltype(type)>(const_cast<std::byte*>(x));
    sum =
        sum_of(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE { return load(p + i, lanes); });
  });
  return sum;
}

using F64 = hn::ScalableTag<double>;
using V64 = hn::Vec<F64>;

/// sum += v², lane by lane in double; a vector of floats is two vectors of doubles.
HWY_INLINE void add_squares(V32 v, V64& even, V64& odd) {
  const F64 d;
#if HWY_TARGET == HWY_SCALAR
  const V64 lower = hn::PromoteTo(d, v);
  const V64 upper = hn::Zero(d);
#else
  const hn::Half<F32> half;
  const V64 lower = hn::PromoteTo(d, hn::LowerHalf(half, v));
  const V64 upper = hn::PromoteTo(d, hn::UpperHalf(half, v));
#endif
  even = hn::MulAdd(lower, lower, even);
  odd = hn::MulAdd(upper, upper, odd);
}

/// Σ x², squared and summed in double.
double sum_squares_range(DType dtype, const std::byte* x, std::int64_t n) {
  const F64 d;
  V64 even = hn::Zero(d);
  V64 odd = hn::Zero(d);
  visit_native(dtype, [&](auto* type) ALPHA_VECTOR_CODE {
    const auto* p = reinterpret_cast<decltype(type)>(const_cast<std::byte*>(x));
    for_each_vector(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      add_squares(load(p + i, lanes), even, odd);  // lanes that are absent are 0
    });
  });
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(sum_range);
HWY_EXPORT(sum_squares_range);

/// Rows of `n` elements cut into blocks of kGrain whose sums are added in order. `sum_block`
/// returns the sum of elements [at, at + size); `finish(row, sum)` takes the sum of a row.
template<class SumBlock, class Finish>
void for_row_sums(CpuBackend& backend, std::int64_t n_rows, std::int64_t n, SumBlock&& sum_block,
                  Finish&& finish) {
  const std::int64_t n_blocks = (n + kGrain - 1) / kGrain;
  if (n_blocks <= 1) {
    backend.pool().run_chunks(n_rows, row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) finish(row, sum_block(row * n, n));
    });
    return;
  }
  const StorageRef scratch =
      backend.memory().allocate(static_cast<std::size_t>(n_rows * n_blocks) * sizeof(double));
  auto* sums = reinterpret_cast<double*>(scratch->host());
  backend.pool().run(n_rows * n_blocks, [&](std::int64_t task) {
    const std::int64_t begin = task % n_blocks * kGrain;
    sums[task] = sum_block(task / n_blocks * n + begin, std::min(kGrain, n - begin));
  });
  for (std::int64_t row = 0; row < n_rows; ++row) {
    double sum = 0;
    for (std::int64_t block = 0; block < n_blocks; ++block) sum += sums[row * n_blocks + block];
    finish(row, sum);
  }
}

template<class T>
void put_sum(T* out, double sum, bool is_accumulating) {
  const double before = is_accumulating ? static_cast<double>(*out) : 0.0;
  *out = T(static_cast<float>(before + sum));
}

void row_sums(CpuBackend& backend, const SumToArgs& args, std::int64_t n_rows, std::int64_t n) {
  const DType dtype = args.dtype();
  const std::byte* x = args.x.raw();
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  for_row_sums(
      backend, n_rows, n,
      [&](std::int64_t at, std::int64_t count) {
        return HWY_DYNAMIC_DISPATCH(sum_range)(dtype, x + at * size, count);
      },
      [&](std::int64_t row, double sum) {
        if (args.out.dtype() == DType::bf16) {
          put_sum(args.out.data<BF16>() + row, sum, args.is_accumulating);
        } else {
          put_sum(args.out.data<float>() + row, sum, args.is_accumulating);
        }
      });
}

}  // namespace

void sum_to(CpuBackend& backend, const SumToArgs& args) {
  const std::array shapes = {args.out.shape()};
  const MergedAxes axes = merge_axes(args.x.shape(), shapes);
  const int last = axes.rank - 1;
  const std::int64_t n_rows = axes.rank == 2 ? axes.dim(0) : 1;
  const std::int64_t n_columns = axes.rank == 0 ? 1 : axes.dim(last);
  const bool is_last_summed = axes.rank > 0 && axes.stride(0, last) == 0;
  const bool is_general = axes.rank > 2 || args.x.numel() == 0 ||
                          (axes.rank == 2 && !is_last_summed && axes.stride(0, 0) != 0);
  if (is_general) {
    cpu_ref::kernel_table().run(backend, SumToArgs::kOp, args.dtype(), &args);
  } else if (is_last_summed) {
    row_sums(backend, args, n_rows, n_columns);
  } else {
    column_sums(backend,
                {.data = args.x.raw(),
                 .dtype = args.dtype(),
                 .n_rows = n_rows,
                 .n_columns = n_columns,
                 .stride = n_columns},
                {.data = args.out.raw(),
                 .dtype = args.out.dtype(),
                 .is_accumulating = args.is_accumulating});
  }
}

void sum_squares(CpuBackend& backend, const SumSquaresArgs& args) {
  const DType dtype = args.dtype();
  const std::byte* x = args.x.raw();
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  for_row_sums(
      backend, 1, args.x.numel(),
      [&](std::int64_t at, std::int64_t count) {
        return HWY_DYNAMIC_DISPATCH(sum_squares_range)(dtype, x + at * size, count);
      },
      [&](std::int64_t /*row*/, double sum) { *args.out.data<double>() = sum; });
}

}  // namespace alpha::cpu

#endif
