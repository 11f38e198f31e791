#include "alpha/tensor/ops/paged_attention.h"

#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

Tensor paged_attention(Backend& backend, const Tensor& qkv, const PagedRows& rows,
                       const PagedAttentionOptions& options) {
  check::dtype("paged_attention", "qkv", qkv, DType::f32);
  check::min_rank("paged_attention", "qkv", qkv, 2);
  const std::int64_t width = qkv.shape().back();
  if (options.n_heads < 1 || width % (3 * options.n_heads) != 0) {
    fail_invalid("[paged_attention] qkv has {} columns, expected a multiple of 3 x {} heads", width,
                 options.n_heads);
  }
  const std::int64_t R = qkv.shape().rows();
  const std::int64_t D = width / (3 * options.n_heads);
  check::dtype("paged_attention", "positions", rows.positions, DType::i32);
  check::shape("paged_attention", "positions", rows.positions, {R});
  check::dtype("paged_attention", "sequences", rows.sequences, DType::i32);
  check::shape("paged_attention", "sequences", rows.sequences, {R});
  check::dtype("paged_attention", "tables", rows.tables, DType::i32);
  if (rows.tables.rank() != 2) {
    fail_invalid("[paged_attention] tables has shape {}, expected [sequences, blocks]",
                 rows.tables.shape());
  }
  check::dtype("paged_attention", "kv", rows.kv, DType::f32);
  check::min_rank("paged_attention", "kv", rows.kv, 4);
  const Shape& kv = rows.kv.shape();
  if (kv.rank() != 4 || options.layer < 0 || options.layer >= kv[1] || kv[2] != options.n_heads ||
      kv[3] != kv_head_size(D)) {
    fail_invalid("[paged_attention] kv has shape {}, expected [blocks, over {}, {}, {}]", kv,
                 options.layer, options.n_heads, kv_head_size(D));
  }
  if (!(options.soft_cap >= 0) || !std::isfinite(options.soft_cap)) {
    fail_invalid("[paged_attention] soft cap is {}, expected 0 or more", options.soft_cap);
  }
  Tensor out = empty(backend, qkv.shape().with(qkv.rank() - 1, width / 3), DType::f32);
  backend.run(PagedAttentionArgs{.qkv = qkv.as_matrix(),
                                 .rows = rows,
                                 .layer = options.layer,
                                 .n_heads = options.n_heads,
                                 .soft_cap = options.soft_cap,
                                 .out = out.as_matrix()});
  return out;
}

}  // namespace alpha
