#include "alpha/tensor/ops/attention.h"

#include <cmath>

#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"

namespace alpha {

namespace {

/// Third `part` (0 queries, 1 keys, 2 values) of qkv [B, T, 3C] as [B, H, T, D].
Variable heads(Tape& tape, const Variable& qkv, std::int64_t part, std::int64_t H) {
  const std::int64_t C = qkv.shape()[2] / 3;
  const Variable packed = slice(tape, qkv, 2, part * C, (part + 1) * C);
  return transpose(tape, reshape(tape, packed, {qkv.shape()[0], qkv.shape()[1], H, C / H}), 1, 2);
}

}  // namespace

Variable attention(Tape& tape, const Variable& qkv, const AttentionOptions& options) {
  Backend& backend = tape.backend();
  if (!backend.has(OpId::attention, qkv.dtype()) ||
      !backend.has(OpId::attention_backward, qkv.dtype())) {
    return attention_composed(tape, qkv, options);
  }
  const AttentionResult forward = attention(backend, qkv.data(), options);
  return tape.record(forward.out, {&qkv}, [qkv, forward, options](Tape& t, const Tensor& dy) {
    t.add_grad(qkv.target(), attention_backward(t.backend(), qkv.data(), forward, dy, options));
  });
}

Variable attention_composed(Tape& tape, const Variable& qkv, const AttentionOptions& options) {
  const std::int64_t T = qkv.shape()[1];
  const std::int64_t H = options.n_heads;
  const Variable q = heads(tape, qkv, 0, H);
  const Variable k = heads(tape, qkv, 1, H);
  const Variable v = heads(tape, qkv, 2, H);
  const auto D = static_cast<double>(q.shape().back());
  Variable scores = scale(tape, matmul(tape, q, k, {.trans_b = true}), 1 / std::sqrt(D));
  if (options.soft_cap > 0) scores = soft_cap(tape, scores, options.soft_cap);
  scores = masked_fill(tape, scores, causal_mask(tape.backend(), T, qkv.dtype()), -1e9);
  const Variable weights = dropout(tape, softmax(tape, scores), options.dropout, options.key);
  const Variable mixed = transpose(tape, matmul(tape, weights, v), 1, 2);  // [B, T, H, D]
  return reshape(tape, mixed, {qkv.shape()[0], T, qkv.shape()[2] / 3});
}

}  // namespace alpha
