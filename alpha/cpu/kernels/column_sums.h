#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"

namespace alpha::cpu {

/// How a sum over the rows of [N, C] is cut into tasks: blocks of rows whose partial sums are added
/// in the order of the blocks. A function of the shape alone.
struct RowBlocks {
  std::int64_t rows_per_block = 1;
  std::int64_t n_blocks = 0;

  RowBlocks(std::int64_t n_rows, std::int64_t n_columns)
      : rows_per_block(std::max(row_grain(n_columns), (n_rows + kMaxBlocks - 1) / kMaxBlocks)),
        n_blocks((n_rows + rows_per_block - 1) / rows_per_block) {}

 private:
  static constexpr std::int64_t kMaxBlocks = 64;
};

/// A vector of f32 or bf16 that sums go to.
struct SumOutput {
  std::byte* data = nullptr;
  DType dtype = DType::f32;
  bool is_accumulating = false;  // += instead of =
};

/// out[c] (+)= Σ_b partials[b * stride + c] for c < n.
void add_partials(ThreadPool& pool, const float* partials, std::int64_t n_blocks,
                  std::int64_t stride, std::int64_t n, const SumOutput& out);

/// A matrix of f32 or bf16.
struct Matrix {
  const std::byte* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t n_rows = 0;
  std::int64_t n_columns = 0;
  std::int64_t stride = 0;  // elements from row to row
};

/// out[c] (+)= Σ_r x[r, c], summed in f32.
void column_sums(CpuBackend& backend, const Matrix& x, const SumOutput& out);

}  // namespace alpha::cpu
