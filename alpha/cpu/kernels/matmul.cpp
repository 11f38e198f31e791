#include "alpha/tensor/ops/matmul.h"

#include <algorithm>

#include "alpha/cpu/cpu_backend.h"

namespace alpha::cpu {

namespace {

/// Products below this many multiply-adds are whole tasks of the pool, several together if tiny.
constexpr std::int64_t kMacsOfSmallProduct = std::int64_t{1} << 21;
constexpr std::int64_t kMacsPerTask = std::int64_t{1} << 18;

/// The product of the first matrices.
GemmArgs first_product(const MatmulArgs& args, const MatmulGeometry& g) {
  return {.M = g.M,
          .N = g.N,
          .K = g.K,
          .a = args.a.raw(),
          .b = args.b.raw(),
          .c = args.out.raw(),
          .lda = args.trans_a ? g.M : g.K,
          .ldb = args.trans_b ? g.K : g.N,
          .ldc = g.N,
          .trans_a = args.trans_a,
          .trans_b = args.trans_b,
          .in_dtype = args.a.dtype(),
          .out_dtype = args.out.dtype(),
          .is_accumulating = args.is_accumulating};
}

const std::byte* at(const void* base, std::int64_t index, DType dtype) {
  return static_cast<const std::byte*>(base) + index * static_cast<std::int64_t>(size_of(dtype));
}

GemmArgs product(const GemmArgs& first, const MatmulGeometry& g, std::int64_t i) {
  GemmArgs args = first;
  args.a = at(first.a, g.a_index(i) * g.M * g.K, first.in_dtype);
  args.b = at(first.b, g.b_index(i) * g.K * g.N, first.in_dtype);
  args.c = static_cast<std::byte*>(first.c) +
           i * g.M * g.N * static_cast<std::int64_t>(size_of(first.out_dtype));
  return args;
}

/// One matrix b for all of a's: then a's matrices are one tall matrix.
bool is_one_tall_product(const MatmulArgs& args, const MatmulGeometry& g) {
  return !args.trans_a && args.b.numel() == g.K * g.N && args.a.numel() == g.n_batches * g.M * g.K;
}

}  // namespace

void matmul(CpuBackend& backend, const MatmulArgs& args) {
  const MatmulGeometry g =
      matmul_geometry(args.a.shape(), args.trans_a, args.b.shape(), args.trans_b);
  if (g.n_batches * g.M * g.N == 0) return;
  GemmArgs first = first_product(args, g);
  if (is_one_tall_product(args, g)) {
    first.M *= g.n_batches;
    return backend.gemm().run(backend.pool(), first);
  }
  const std::int64_t macs = std::max<std::int64_t>(1, g.M * g.N * g.K);
  if (macs >= kMacsOfSmallProduct) {
    for (std::int64_t i = 0; i < g.n_batches; ++i) {
      backend.gemm().run(backend.pool(), product(first, g, i));
    }
    return;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, kMacsPerTask / macs);
  backend.pool().run_chunks(g.n_batches, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) backend.gemm().run_here(product(first, g, i));
  });
}

}  // namespace alpha::cpu
