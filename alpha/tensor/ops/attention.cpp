#include "alpha/tensor/ops/attention.h"

#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

/// Returns C.
std::int64_t check_arguments(const Tensor& qkv, const AttentionOptions& options) {
  check::floating("attention", "qkv", qkv);
  const std::int64_t H = options.n_heads;
  if (qkv.rank() != 3 || H < 1 || qkv.shape()[2] % (3 * H) != 0) {
    fail_invalid(
        "[attention] qkv has shape {}, expected [batch, time, 3 · heads · head size] for {} heads",
        qkv.shape(), H);
  }
  check::probability("attention", options.dropout);
  if (!(options.soft_cap >= 0) || !std::isfinite(options.soft_cap)) {
    fail_invalid("[attention] soft cap is {}, expected 0 (none) or more", options.soft_cap);
  }
  return qkv.shape()[2] / 3;
}

}  // namespace

AttentionResult attention(Backend& backend, const Tensor& qkv, const AttentionOptions& options) {
  const std::int64_t C = check_arguments(qkv, options);
  const std::int64_t B = qkv.shape()[0];
  const std::int64_t T = qkv.shape()[1];
  AttentionResult result{
      .out = empty(backend, {B, T, C}, qkv.dtype()),
      .lse = empty(backend, {B, options.n_heads, T}, accumulation_dtype(qkv.dtype()))};
  backend.run(AttentionArgs{.qkv = qkv, .out = result.out, .lse = result.lse, .options = options});
  return result;
}

Tensor attention_backward(Backend& backend, const Tensor& qkv, const AttentionResult& forward,
                          const Tensor& dout, const AttentionOptions& options) {
  const std::int64_t C = check_arguments(qkv, options);
  check::shape("attention_backward", "out", forward.out, {qkv.shape()[0], qkv.shape()[1], C});
  check::shape("attention_backward", "lse", forward.lse,
               {qkv.shape()[0], options.n_heads, qkv.shape()[1]});
  check::dtype("attention_backward", "lse", forward.lse, accumulation_dtype(qkv.dtype()));
  check::dtype("attention_backward", "out", forward.out, qkv.dtype());
  check::same("attention_backward", "dout", dout, "out", forward.out);
  Tensor dqkv = empty(backend, qkv.shape(), qkv.dtype());
  backend.run(AttentionBackwardArgs{.qkv = qkv,
                                    .out = forward.out,
                                    .lse = forward.lse,
                                    .dout = dout,
                                    .dqkv = dqkv,
                                    .options = options});
  return dqkv;
}

}  // namespace alpha
