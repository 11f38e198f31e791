#pragma once

#include <cstdint>

#include "alpha/tensor/backend.h"

namespace alpha {

/// A target that does not count: padding, or text that is not to be learnt.
inline constexpr std::int32_t kIgnoreIndex = -1;

/// Mean over the counted rows of -log softmax(logits)[target]. The probabilities are never stored:
/// one pass leaves lse = log Σ e^logit per row, and backward makes its gradient from that.
struct CrossEntropyArgs {
  static constexpr OpId kOp = OpId::cross_entropy;

  DType dtype() const { return logits.dtype(); }

  Tensor logits;   // [N, V]
  Tensor targets;  // [N], i32, in [0, V) or ignore_index
  Tensor loss;     // [], accumulation dtype; 0 when no row counts
  Tensor lse;      // [N], accumulation dtype
  std::int32_t ignore_index = kIgnoreIndex;
};

/// dlogits = (softmax(logits) - onehot(target)) · dloss / counted rows; 0 in rows that do not
/// count.
struct CrossEntropyBackwardArgs {
  static constexpr OpId kOp = OpId::cross_entropy_backward;

  DType dtype() const { return logits.dtype(); }

  Tensor logits;
  Tensor targets;
  Tensor lse;
  Tensor dloss;    // [], accumulation dtype
  Tensor dlogits;  // [N, V]; any floating dtype: it feeds a product that may be narrower
  std::int32_t ignore_index = kIgnoreIndex;
};

struct CrossEntropyResult {
  Tensor loss;
  Tensor lse;
};

/// logits [..., V], targets [...]. The range of the targets is the caller's to check where the data
/// comes in.
CrossEntropyResult cross_entropy(Backend& backend, const Tensor& logits, const Tensor& targets,
                                 std::int32_t ignore_index = kIgnoreIndex);

Tensor cross_entropy_backward(Backend& backend, const Tensor& logits, const Tensor& targets,
                              const Tensor& lse, const Tensor& dloss, DType dlogits_dtype,
                              std::int32_t ignore_index = kIgnoreIndex);

}  // namespace alpha
