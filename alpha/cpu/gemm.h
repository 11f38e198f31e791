#pragma once

#include <cstdint>
#include <memory>

#include "alpha/core/thread_pool.h"
#include "alpha/tensor/dtype.h"
#include "alpha/tensor/ops/linear.h"

namespace alpha::cpu {

/// One product C[M, N] = A · B (+ C). A and B are row-major with the given row strides; a
/// transposed operand is stored the other way round: A as [K, M], B as [N, K].
struct GemmArgs {
  std::int64_t M = 0;
  std::int64_t N = 0;
  std::int64_t K = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  std::int64_t lda = 0;  // elements from row to row, as stored
  std::int64_t ldb = 0;
  std::int64_t ldc = 0;
  bool trans_a = false;
  bool trans_b = false;
  DType in_dtype = DType::f32;   // of A and B: f32 or bf16
  DType out_dtype = DType::f32;  // of C: f32 or bf16
  bool is_accumulating = false;  // C += instead of C =
  const void* bias = nullptr;    // [N], of in_dtype; or null
  void* activated = nullptr;     // activation(C), of out_dtype, rows ldc apart; or null; may be c
  Activation activation = Activation::none;
};

/// Matrix products by oneDNN, cut into tasks by shape alone and run on a ThreadPool, one oneDNN
/// thread each: the same bits for any number of threads. Compiled products are kept per shape; a
/// shape that was run before costs no allocation of ours. Where oneDNN's bf16 is slower than its
/// f32 the operands are converted to f32; sums are kept in f32 either way. K = 0 sums nothing.
///
/// Safe to use from several threads.
class Gemm {
 public:
  Gemm();
  ~Gemm();
  Gemm(const Gemm&) = delete;
  Gemm& operator=(const Gemm&) = delete;

  void run(ThreadPool& pool, const GemmArgs& args);

  /// The same on the calling thread alone, for a caller that is a task of a pool itself.
  void run_here(const GemmArgs& args);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alpha::cpu
