#include "alpha/cpu/kernels/column_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/column_sums.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

/// sums[c] = Σ_r x[r, c]. Four rows at a time: a quarter of the traffic on `sums`.
template<class T>
void sum_rows_typed(const Matrix& matrix, float* sums) {
  const T* x = reinterpret_cast<const T*>(matrix.data);
  const std::int64_t stride = matrix.stride;
  const std::int64_t n = matrix.n_columns;
  for_each_vector(
      n, [&](std::int64_t c, auto lanes) ALPHA_VECTOR_CODE { store(set(0), sums + c, lanes); });
  std::int64_t r = 0;
  for (; r + 4 <= matrix.n_rows; r += 4) {
    const T* row = x + r * stride;
    for_each_vector(n, [&](std::int64_t c, auto lanes) ALPHA_VECTOR_CODE {
      const V32 s01 = hn::Add(load(row + c, lanes), load(row + stride + c, lanes));
      const V32 s23 = hn::Add(load(row + 2 * stride + c, lanes), load(row + 3 * stride + c, lanes));
      store(hn::Add(load(sums + c, lanes), hn::Add(s01, s23)), sums + c, lanes);
    });
  }
  for (; r < matrix.n_rows; ++r) {
    const T* row = x + r * stride;
    for_each_vector(n, [&](std::int64_t c, auto lanes) ALPHA_VECTOR_CODE {
      store(hn::Add(load(sums + c, lanes), load(row + c, lanes)), sums + c, lanes);
    });
  }
}

void sum_rows(const Matrix& matrix, float* sums) {
  visit_native(matrix.dtype, [&](auto* type) ALPHA_VECTOR_CODE {
    sum_rows_typed<std::remove_pointer_t<decltype(type)>>(matrix, sums);
  });
}

void add_partial_range(const float* partials, std::int64_t n_blocks, std::int64_t stride,
                       std::int64_t begin, std::int64_t end, const SumOutput& out) {
  visit_native(out.dtype, [&](auto* type) ALPHA_VECTOR_CODE {
    auto* into = reinterpret_cast<decltype(type)>(out.data) + begin;
    for_each_vector(end - begin, [&](std::int64_t c, auto lanes) ALPHA_VECTOR_CODE {
      V32 sum = set(0);
      for (std::int64_t b = 0; b < n_blocks; ++b) {
        sum = hn::Add(sum, load(partials + b * stride + begin + c, lanes));
      }
      if (out.is_accumulating) sum = hn::Add(sum, load(into + c, lanes));
      store(sum, into + c, lanes);
    });
  });
}

/// Few rows: sums strip by strip, straight to the result.
void sum_columns_range(const Matrix& matrix, std::int64_t begin, std::int64_t end,
                       const SumOutput& out) {
  constexpr std::int64_t kStrip = 1024;
  HWY_ALIGN float sums[kStrip];
  const auto size = static_cast<std::int64_t>(size_of(matrix.dtype));
  for (std::int64_t c = begin; c < end; c += kStrip) {
    Matrix strip = matrix;
    strip.data += c * size;
    strip.n_columns = HWY_MIN(kStrip, end - c);
    sum_rows(strip, sums);
    SumOutput at = out;
    at.data += c * static_cast<std::int64_t>(size_of(out.dtype));
    add_partial_range(sums, 1, 0, 0, strip.n_columns, at);
  }
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(sum_rows);
HWY_EXPORT(sum_columns_range);
HWY_EXPORT(add_partial_range);

constexpr std::int64_t kFewRows = 64;

}  // namespace

void add_partials(ThreadPool& pool, const float* partials, std::int64_t n_blocks,
                  std::int64_t stride, std::int64_t n, const SumOutput& out) {
  pool.run_chunks(n, row_grain(n_blocks), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(add_partial_range)(partials, n_blocks, stride, begin, end, out);
  });
}

void column_sums(CpuBackend& backend, const Matrix& x, const SumOutput& out) {
  if (x.n_rows <= kFewRows) {
    backend.pool().run_chunks(x.n_columns, row_grain(x.n_rows),
                              [&](std::int64_t begin, std::int64_t end) {
                                HWY_DYNAMIC_DISPATCH(sum_columns_range)(x, begin, end, out);
                              });
    return;
  }
  const RowBlocks blocks(x.n_rows, x.n_columns);
  const std::int64_t n_partials = blocks.n_blocks * x.n_columns;
  const StorageRef scratch =
      backend.memory().allocate(static_cast<std::size_t>(n_partials) * sizeof(float));
  auto* partials = reinterpret_cast<float*>(scratch->host());
  const std::int64_t row_bytes = x.stride * static_cast<std::int64_t>(size_of(x.dtype));
  backend.pool().run(blocks.n_blocks, [&](std::int64_t block) {
    Matrix part = x;
    const std::int64_t begin = block * blocks.rows_per_block;
    part.data += begin * row_bytes;
    part.n_rows = std::min(blocks.rows_per_block, x.n_rows - begin);
    HWY_DYNAMIC_DISPATCH(sum_rows)(part, partials + block * x.n_columns);
  });
  add_partials(backend.pool(), partials, blocks.n_blocks, x.n_columns, x.n_columns, out);
}

}  // namespace alpha::cpu

#endif
