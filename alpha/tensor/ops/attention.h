#pragma once

#include "alpha/core/rng.h"
#include "alpha/tensor/backend.h"

namespace alpha {

/// What attention does beside its tensors.
struct AttentionOptions {
  std::int64_t n_heads = 1;
  double soft_cap = 0;  // scores become cap · tanh(score / cap); 0 leaves them
  double dropout = 0;   // of the attention weights
  DropoutKey key = {};
};

/// Causal multi-head attention over packed queries, keys and values, without a [T, T] matrix in
/// memory (Dao et al., "FlashAttention", 2022): for head h and query t
///
///   score[s] = q[t] · k[s] / √D, soft-capped;  out[t] = Σ_{s <= t} drop(softmax(score)[s]) v[s].
///
/// Row t of head h in batch entry b drops key s by element ((b H + h) T + t) T + s of the key's
/// mask: exactly what `dropout` does to a [B, H, T, T] tensor. Softmax weights are dropped after
/// they are normalised. A row's bits do not depend on what stands behind it.
struct AttentionArgs {
  static constexpr OpId kOp = OpId::attention;

  DType dtype() const { return qkv.dtype(); }

  Tensor qkv;  // [B, T, 3C]: per row the queries of all heads, then the keys, then the values
  Tensor out;  // [B, T, C]
  Tensor lse;  // [B, H, T] log Σ e^score, accumulation dtype, for backward
  AttentionOptions options;
};

/// dqkv from dout, by recomputing the weights from lse.
struct AttentionBackwardArgs {
  static constexpr OpId kOp = OpId::attention_backward;

  DType dtype() const { return qkv.dtype(); }

  Tensor qkv;
  Tensor out;
  Tensor lse;
  Tensor dout;
  Tensor dqkv;
  AttentionOptions options;
};

struct AttentionResult {
  Tensor out;
  Tensor lse;
};

/// Error: 3C not divisible by 3 H, dropout outside [0, 1), soft cap negative.
AttentionResult attention(Backend& backend, const Tensor& qkv, const AttentionOptions& options);

Tensor attention_backward(Backend& backend, const Tensor& qkv, const AttentionResult& forward,
                          const Tensor& dout, const AttentionOptions& options);

}  // namespace alpha
