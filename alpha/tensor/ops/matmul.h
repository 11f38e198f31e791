#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out[…, M, N] = op(a) · op(b) over the last two axes, where op transposes if asked; the axes
/// before broadcast. a is [… , M, K] (or [… , K, M] when trans_a), b is [… , K, N] (or [… , N, K]).
struct MatmulArgs {
  static constexpr OpId kOp = OpId::matmul;

  DType dtype() const { return a.dtype(); }

  Tensor a;
  Tensor b;
  Tensor out;  // dtype of a, or its accumulation dtype
  bool trans_a = false;
  bool trans_b = false;
  bool is_accumulating = false;  // out += instead of out =
};

/// The sizes of a batched product and where each of its matrices starts. One routine for every
/// backend: batch axes broadcast alike everywhere.
struct MatmulGeometry {
  std::int64_t M = 0;
  std::int64_t N = 0;
  std::int64_t K = 0;
  std::int64_t n_batches = 1;  // matrices in the result
  Shape batch;                 // batch axes of the result
  Strides a_strides{};  // of a's matrices, in matrices, along the batch axes; 0 where broadcast
  Strides b_strides{};

  /// Index of the matrix of a (of b) that makes result matrix `i`.
  std::int64_t a_index(std::int64_t i) const noexcept { return index(i, a_strides); }

  std::int64_t b_index(std::int64_t i) const noexcept { return index(i, b_strides); }

 private:
  std::int64_t index(std::int64_t i, const Strides& strides) const noexcept;
};

/// Error: ranks below 2, inner sizes that differ, batch axes that do not broadcast.
MatmulGeometry matmul_geometry(const Shape& a, bool trans_a, const Shape& b, bool trans_b);

struct MatmulOptions {
  bool trans_a = false;
  bool trans_b = false;
};

/// A new tensor of the dtype of a and b.
Tensor matmul(Backend& backend, const Tensor& a, const Tensor& b, MatmulOptions options = {});

/// into += op(a) · op(b); `into` may be of the accumulation dtype of a.
void matmul_accumulate(Backend& backend, const Tensor& a, const Tensor& b, const Tensor& into,
                       MatmulOptions options = {});

}  // namespace alpha
