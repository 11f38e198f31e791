#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// Positions in one block of the KV cache.
inline constexpr std::int64_t kKvBlock = 16;

/// Floats that one head of one layer takes in a KV block: its keys as [D, kKvBlock], then its
/// values as [kKvBlock, D rounded up to 16].
constexpr std::int64_t kv_head_size(std::int64_t D) noexcept {
  return kKvBlock * (D + (D + 15) / 16 * 16);
}

/// Where the rows of one step stand: rows of many sequences, each with its KV cache in blocks.
/// Rows of one sequence stand together, at consecutive positions.
struct PagedRows {
  Tensor positions;  // [R] i32: of each row in its sequence, from 0
  Tensor sequences;  // [R] i32: the row of `tables` that belongs to it
  Tensor tables;     // [S, max_blocks] i32: block p / kKvBlock holds position p; unused: anything
  Tensor kv;         // [n_blocks, L, H, kv_head_size(D)] f32
};

/// Causal attention as in AttentionArgs, with keys and values in blocks: those of the rows are
/// written first, then row r sees positions 0 … positions[r] of its sequence. What stands behind a
/// position is never read. A row's bits do not depend on the other rows, nor on how the positions
/// were cut into steps.
struct PagedAttentionArgs {
  static constexpr OpId kOp = OpId::paged_attention;

  DType dtype() const { return qkv.dtype(); }

  Tensor qkv;  // [R, 3C] f32: queries, keys, values of all heads
  PagedRows rows;
  std::int64_t layer = 0;
  std::int64_t n_heads = 1;
  double soft_cap = 0;  // 0: none
  Tensor out;           // [R, C] f32
};

struct PagedAttentionOptions {
  std::int64_t layer = 0;
  std::int64_t n_heads = 1;
  double soft_cap = 0;
};

/// qkv [..., 3C] with R rows in all -> [..., C]. Block ids and positions are the caller's to check:
/// they may live on a device. Error: shapes and dtypes, with the numbers.
Tensor paged_attention(Backend& backend, const Tensor& qkv, const PagedRows& rows,
                       const PagedAttentionOptions& options);

}  // namespace alpha
