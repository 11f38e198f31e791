#include "alpha/cpu/gemm.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <oneapi/dnnl/dnnl.hpp>

#include "alpha/cpu/gemm_convert.h"
#include "alpha/cpu/gemm_product.h"
#include "alpha/cpu/kernels/activation.h"
#include "alpha/cpu/scratch.h"

namespace alpha::cpu {

namespace {

// A task takes about 4 million multiply-adds: some 30 microseconds, long enough to hide its start.
constexpr std::int64_t kMacsPerTask = std::int64_t{1} << 22;
constexpr std::int64_t kMaxTasks = 64;
constexpr std::int64_t kMinRows = 128;  // below, packing B anew in every task shows
constexpr std::int64_t kMinCols = 128;
constexpr std::int64_t kRowsWorthPacking = 16;  // packing B takes as long as this many rows
constexpr std::int64_t kConvertGrain = 1 << 15;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// How C is cut into tiles: by the shape alone.
struct Cut {
  std::int64_t tile_rows = 0;
  std::int64_t tile_cols = 0;
  std::int64_t n_rows = 1;  // tiles from top to bottom
  std::int64_t n_cols = 1;
};

Cut cut_by_shape(std::int64_t M, std::int64_t N, std::int64_t K) {
  const std::int64_t work = std::max(M, kRowsWorthPacking) * N * K;
  const std::int64_t n_tasks = std::clamp<std::int64_t>(work / kMacsPerTask, 1, kMaxTasks);
  Cut cut;
  if (M >= N) {
    cut.n_rows = std::min(n_tasks, ceil_div(M, kMinRows));
    cut.n_cols = std::min(ceil_div(n_tasks, cut.n_rows), ceil_div(N, 2 * kMinCols));
  } else {
    cut.n_cols = std::min(n_tasks, ceil_div(N, kMinCols));
    cut.n_rows = std::min(ceil_div(n_tasks, cut.n_cols), ceil_div(M, kMinRows));
  }
  cut.tile_rows = cut.n_rows == 1 ? M : ceil_div(ceil_div(M, cut.n_rows), 16) * 16;
  cut.tile_cols = cut.n_cols == 1 ? N : ceil_div(ceil_div(N, cut.n_cols), 64) * 64;
  cut.n_rows = ceil_div(M, cut.tile_rows);
  cut.n_cols = ceil_div(N, cut.tile_cols);
  return cut;
}

const std::byte* at(const void* base, std::int64_t index, DType dtype) {
  return static_cast<const std::byte*>(base) + index * static_cast<std::int64_t>(size_of(dtype));
}

std::byte* at(void* base, std::int64_t index, DType dtype) {
  return static_cast<std::byte*>(base) + index * static_cast<std::int64_t>(size_of(dtype));
}

/// True when oneDNN's own bf16 products beat converting to f32: on AMD's AVX-512 (two f32 rates)
/// and with AMX; Intel's vector bf16 runs at half the f32 rate.
bool has_fast_bf16() {
  switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_avx512_core_amx: return true;
    case dnnl_cpu_isa_avx512_core_bf16: return __builtin_cpu_is("amd") != 0;
    default: return false;
  }
}

template<class Body>
void for_each(ThreadPool* pool, std::int64_t n, Body&& body) {
  if (pool != nullptr && n > 1) {
    pool->run(n, body);
  } else {
    for (std::int64_t i = 0; i < n; ++i) body(i);
  }
}

/// rows x cols elements, `ld` from row to row, to a dense f32 copy.
void to_dense_f32(ThreadPool* pool, const void* from, std::int64_t rows, std::int64_t cols,
                  std::int64_t ld, float* to) {
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, kConvertGrain / cols);
  for_each(pool, ceil_div(rows, rows_per_task), [&](std::int64_t task) {
    const std::int64_t end = std::min(rows, (task + 1) * rows_per_task);
    for (std::int64_t r = task * rows_per_task; r < end; ++r) {
      bf16_to_f32(static_cast<const BF16*>(from) + r * ld, to + r * cols, cols);
    }
  });
}

/// C of a product with nothing to sum.
void finish_empty_sum(const GemmArgs& args) {
  for (std::int64_t m = 0; m < args.M; ++m) {
    for (std::int64_t n = 0; n < args.N; ++n) {
      const auto read = [](const void* base, std::int64_t i, DType dtype) {
        return dtype == DType::bf16 ? float{static_cast<const BF16*>(base)[i]}
                                    : static_cast<const float*>(base)[i];
      };
      float sum = args.bias != nullptr ? read(args.bias, n, args.in_dtype) : 0.0F;
      const std::int64_t i = m * args.ldc + n;
      if (args.is_accumulating) sum += read(args.c, i, args.out_dtype);
      if (args.out_dtype == DType::bf16) {
        static_cast<BF16*>(args.c)[i] = BF16(sum);
      } else {
        static_cast<float*>(args.c)[i] = sum;
      }
    }
  }
}

/// The activation of the first rows x cols elements.
void activate(const GemmArgs& args, std::int64_t rows, std::int64_t cols) {
  if (args.activated == nullptr) return;
  for (std::int64_t r = 0; r < rows; ++r) {
    apply_activation(args.activation, args.out_dtype, at(args.c, r * args.ldc, args.out_dtype),
                     at(args.activated, r * args.ldc, args.out_dtype), cols);
  }
}

/// `c`, dense and f32, to the bf16 C, and its activation from the unrounded values. Overwrites `c`.
void store_as_bf16(ThreadPool* pool, float* c, const GemmArgs& args) {
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, kConvertGrain / args.N);
  for_each(pool, ceil_div(args.M, rows_per_task), [&](std::int64_t task) {
    const std::int64_t end = std::min(args.M, (task + 1) * rows_per_task);
    for (std::int64_t r = task * rows_per_task; r < end; ++r) {
      float* row = c + r * args.N;
      if (args.activated != args.c) {
        f32_to_bf16(row, static_cast<BF16*>(args.c) + r * args.ldc, args.N);
      }
      if (args.activated == nullptr) continue;
      apply_activation(args.activation, DType::f32, row, row, args.N);
      f32_to_bf16(row, static_cast<BF16*>(args.activated) + r * args.ldc, args.N);
    }
  });
}

}  // namespace

struct Gemm::Impl {
  /// `pool` may be null: then everything happens on the calling thread, in one tile.
  void run(ThreadPool* pool, const GemmArgs& args) {
    if (args.M == 0 || args.N == 0) return;
    if (args.K == 0) {
      finish_empty_sum(args);
      return activate(args, args.M, args.N);
    }
    if (args.in_dtype == DType::bf16 && !is_bf16_native) return run_as_f32(pool, args);
    run_tiles(pool, args);
  }

  void run_tiles(ThreadPool* pool, const GemmArgs& args);
  void run_tile(const GemmArgs& args, Product& product, std::int64_t rows, std::int64_t cols,
                bool is_through_scratch);
  void run_as_f32(ThreadPool* pool, const GemmArgs& args);

  ProductCache products;
  const bool is_bf16_native = has_fast_bf16();
};

void Gemm::Impl::run_tiles(ThreadPool* pool, const GemmArgs& args) {
  const Cut cut = pool != nullptr ? cut_by_shape(args.M, args.N, args.K)
                                  : Cut{.tile_rows = args.M, .tile_cols = args.N};
  // oneDNN's best kernels write dense results only, and a row's bits shall not depend on how many
  // rows there are, so a narrow tile is computed beside C and copied.
  const bool is_through_scratch = !args.trans_a && cut.tile_cols != args.ldc && args.M > 1;
  const int n_threads = pool != nullptr ? pool->size() : 1;
  const std::int64_t last_rows = args.M - (cut.n_rows - 1) * cut.tile_rows;
  const std::int64_t last_cols = args.N - (cut.n_cols - 1) * cut.tile_cols;
  std::array<std::shared_ptr<Product>, 4> kinds;  // inner, last column, last row, corner
  const auto kind_of = [&](std::int64_t row, std::int64_t col) {
    return static_cast<std::size_t>((row == cut.n_rows - 1 ? 2 : 0) +
                                    (col == cut.n_cols - 1 ? 1 : 0));
  };
  for (const std::int64_t row : {std::int64_t{0}, cut.n_rows - 1}) {
    for (const std::int64_t col : {std::int64_t{0}, cut.n_cols - 1}) {
      const std::int64_t M = row == cut.n_rows - 1 ? last_rows : cut.tile_rows;
      const std::int64_t N = col == cut.n_cols - 1 ? last_cols : cut.tile_cols;
      const bool is_one_a_row = (args.trans_a ? args.K : M) == 1;
      const bool is_one_b_row = (args.trans_b ? N : args.K) == 1;
      kinds[kind_of(row, col)] =
          products.get({.M = M,
                        .N = N,
                        .K = args.K,
                        .lda = is_one_a_row ? (args.trans_a ? M : args.K) : args.lda,
                        .ldb = is_one_b_row ? (args.trans_b ? args.K : N) : args.ldb,
                        .ldc = is_through_scratch || M == 1 ? N : args.ldc,
                        .in_dtype = args.in_dtype,
                        .out_dtype = args.out_dtype,
                        .trans_a = args.trans_a,
                        .trans_b = args.trans_b,
                        .is_accumulating = args.is_accumulating,
                        .has_bias = args.bias != nullptr},
                       n_threads);
    }
  }
  for_each(pool, cut.n_rows * cut.n_cols, [&](std::int64_t task) {
    const std::int64_t row = task / cut.n_cols;
    const std::int64_t col = task % cut.n_cols;
    const std::int64_t m = row * cut.tile_rows;
    const std::int64_t n = col * cut.tile_cols;
    GemmArgs tile = args;
    tile.a = at(args.a, args.trans_a ? m : m * args.lda, args.in_dtype);
    tile.b = at(args.b, args.trans_b ? n * args.ldb : n, args.in_dtype);
    tile.c = at(args.c, m * args.ldc + n, args.out_dtype);
    if (args.bias != nullptr) tile.bias = at(args.bias, n, args.in_dtype);
    if (args.activated != nullptr) {
      tile.activated = at(args.activated, m * args.ldc + n, args.out_dtype);
    }
    run_tile(tile, *kinds[kind_of(row, col)], std::min(cut.tile_rows, args.M - m),
             std::min(cut.tile_cols, args.N - n), is_through_scratch);
  });
}

void Gemm::Impl::run_tile(const GemmArgs& args, Product& product, std::int64_t rows,
                          std::int64_t cols, bool is_through_scratch) {
  if (is_through_scratch) {
    thread_local Scratch scratch;
    const std::size_t row_bytes = static_cast<std::size_t>(cols) * size_of(args.out_dtype);
    std::byte* dense = scratch.bytes(static_cast<std::size_t>(rows) * row_bytes);
    const auto dense_row = [&](std::int64_t r) {
      return dense + r * static_cast<std::int64_t>(row_bytes);
    };
    const auto c_row = [&](std::int64_t r) { return at(args.c, r * args.ldc, args.out_dtype); };
    if (args.is_accumulating) {
      for (std::int64_t r = 0; r < rows; ++r) std::memcpy(dense_row(r), c_row(r), row_bytes);
    }
    product.run(args.a, args.b, dense, args.bias);
    for (std::int64_t r = 0; r < rows; ++r) std::memcpy(c_row(r), dense_row(r), row_bytes);
  } else {
    product.run(args.a, args.b, args.c, args.bias);
  }
  activate(args, rows, cols);
}

void Gemm::Impl::run_as_f32(ThreadPool* pool, const GemmArgs& args) {
  thread_local Scratch scratch;
  const std::int64_t a_rows = args.trans_a ? args.K : args.M;
  const std::int64_t a_cols = args.trans_a ? args.M : args.K;
  const std::int64_t b_rows = args.trans_b ? args.N : args.K;
  const std::int64_t b_cols = args.trans_b ? args.K : args.N;
  const bool is_out_bf16 = args.out_dtype == DType::bf16;
  float* a = scratch.floats(static_cast<std::size_t>(args.M * args.K + args.K * args.N + args.N +
                                                     (is_out_bf16 ? args.M * args.N : 0)));
  float* b = a + args.M * args.K;
  float* bias = b + args.K * args.N;
  float* c = bias + args.N;
  to_dense_f32(pool, args.a, a_rows, a_cols, args.lda, a);
  to_dense_f32(pool, args.b, b_rows, b_cols, args.ldb, b);
  if (args.bias != nullptr) bf16_to_f32(static_cast<const BF16*>(args.bias), bias, args.N);

  GemmArgs f32 = args;
  f32.a = a;
  f32.b = b;
  f32.bias = args.bias != nullptr ? bias : nullptr;
  f32.lda = a_cols;
  f32.ldb = b_cols;
  f32.in_dtype = DType::f32;
  if (is_out_bf16) {
    if (args.is_accumulating) to_dense_f32(pool, args.c, args.M, args.N, args.ldc, c);
    f32.c = c;
    f32.ldc = args.N;
    f32.out_dtype = DType::f32;
    f32.activated = nullptr;
  }
  run_tiles(pool, f32);
  if (is_out_bf16) store_as_bf16(pool, c, args);
}

Gemm::Gemm() : impl_(std::make_unique<Impl>()) {}

Gemm::~Gemm() = default;

void Gemm::run(ThreadPool& pool, const GemmArgs& args) {
  impl_->run(&pool, args);
}

void Gemm::run_here(const GemmArgs& args) {
  impl_->run(nullptr, args);
}

}  // namespace alpha::cpu
