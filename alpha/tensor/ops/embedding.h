#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out[i] = weight[indices[i]].
struct EmbeddingArgs {
  static constexpr OpId kOp = OpId::embedding;

  DType dtype() const { return weight.dtype(); }

  Tensor weight;   // [V, D]
  Tensor indices;  // [...], i32, all in [0, V)
  Tensor out;      // [..., D]
};

/// dweight[indices[i]] += dy[i], in the order of i, so that repeated tokens add up the same way
/// everywhere.
struct EmbeddingBackwardArgs {
  static constexpr OpId kOp = OpId::embedding_backward;

  DType dtype() const { return dy.dtype(); }

  Tensor indices;  // [...], i32
  Tensor dy;       // [..., D]
  Tensor dweight;  // [V, D]; dtype of dy, or its accumulation dtype
};

/// The range of the indices is the caller's to check where the data comes in (model, tokenizer):
/// indices may live on a device.
Tensor embedding(Backend& backend, const Tensor& weight, const Tensor& indices);

void embedding_backward(Backend& backend, const Tensor& indices, const Tensor& dy,
                        const Tensor& dweight);

}  // namespace alpha
