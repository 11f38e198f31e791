#pragma once

#include <cstdint>

#include "alpha/tensor/backend.h"

namespace alpha {

/// A target that does not count: padding, or text that is not to be learnt.
inline constexpr std::int32_t kIgnoreIndex = -1;

/// Mean over the counted rows of -log softmax(logits)[target]. The probabilities are never stored.
struct CrossEntropyArgs {
  static constexpr OpId kOp = OpId::cross_entropy;

  DType dtype() const { return logits.dtype(); }

  Tensor logits;   // [N, V]
  Tensor targets;  // [N], i32, in [0, V) or ignore_index
  Tensor loss;     // [], accumulation dtype; 0 when no row counts
  std::int32_t ignore_index = kIgnoreIndex;
};

/// The same loss, and at once dlogits = (softmax(logits) - onehot(target)) · dloss / counted rows,
/// 0 in rows that do not count: a row is looked at twice, the second time from a cache.
struct CrossEntropyGradientArgs {
  static constexpr OpId kOp = OpId::cross_entropy_gradient;

  DType dtype() const { return logits.dtype(); }

  Tensor logits;
  Tensor targets;
  Tensor loss;
  Tensor dlogits;    // [N, V]; any floating dtype: it feeds a product that may be narrower
  double dloss = 1;  // known before backward, or expected: `rescale` puts it right; not 0
  std::int32_t ignore_index = kIgnoreIndex;
};

struct CrossEntropyGradient {
  Tensor loss;
  Tensor dlogits;
};

/// logits [..., V], targets [...] -> []. The range of the targets is the caller's to check where
/// the data comes in.
Tensor cross_entropy(Backend& backend, const Tensor& logits, const Tensor& targets,
                     std::int32_t ignore_index = kIgnoreIndex);

CrossEntropyGradient cross_entropy_gradient(Backend& backend, const Tensor& logits,
                                            const Tensor& targets, DType dlogits_dtype,
                                            double dloss = 1,
                                            std::int32_t ignore_index = kIgnoreIndex);

}  // namespace alpha
