#pragma once

#include "alpha/tensor/backend.h"
#include "alpha/tensor/ops/linear.h"
#include "alpha/tensor/packed_matrix.h"

namespace alpha {

// Products with packed weights, for inference alone: no gradients, activations in f32. A row's
// bits do not depend on the other rows.

/// packed = weight, laid out and rounded as its format says.
struct PackArgs {
  static constexpr OpId kOp = OpId::pack;

  DType dtype() const { return weight.dtype(); }

  Tensor weight;  // [N, K] f32
  PackedMatrix packed;
};

/// out = activation(x · weightᵀ + bias) (+ residual). For int8 and int4, x is first rounded: within
/// a block of inputs of a row, scale = largest magnitude / 127 and q = round(x / scale), halves to
/// even.
struct PackedLinearArgs {
  static constexpr OpId kOp = OpId::packed_linear;

  DType dtype() const { return x.dtype(); }

  Tensor x;  // [M, K] f32
  PackedMatrix weight;
  Tensor bias;      // [N] f32, or undefined
  Tensor residual;  // [M, N] f32, or undefined
  Tensor out;       // [M, N] f32
  Activation activation = Activation::none;
};

/// out[i] = row indices[i] of the matrix.
struct PackedEmbeddingArgs {
  static constexpr OpId kOp = OpId::packed_embedding;

  DType dtype() const { return out.dtype(); }

  PackedMatrix weight;  // N = V, K = D
  Tensor indices;       // [...], i32, all in [0, V)
  Tensor out;           // [..., D] f32
};

/// weight [N, K] f32. Error: another dtype or rank.
PackedMatrix pack(Backend& backend, const Tensor& weight, WeightFormat format);

/// The same into a matrix of the same size that has its memory already.
void pack(Backend& backend, const Tensor& weight, const PackedMatrix& packed);

struct PackedLinearOptions {
  Activation activation = Activation::none;
  Tensor residual = {};  // [..., N]; added last
};

/// x [..., K] f32, bias [N] or undefined -> [..., N].
Tensor packed_linear(Backend& backend, const Tensor& x, const PackedMatrix& weight,
                     const Tensor& bias, const PackedLinearOptions& options = {});

/// indices [...] -> [..., K]. The range of the indices is the caller's to check.
Tensor packed_embedding(Backend& backend, const PackedMatrix& weight, const Tensor& indices);

}  // namespace alpha
