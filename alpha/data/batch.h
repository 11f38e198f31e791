#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// A target that takes no part in the loss.
inline constexpr TokenId kIgnoreTarget = -1;

/// What one training or evaluation step reads: B windows of T tokens and, for each token, the one
/// that follows it. Both arrays are row-major [B, T].
struct Batch {
  std::vector<TokenId> inputs;   // [B, T]
  std::vector<TokenId> targets;  // [B, T]
  std::int64_t B = 0;
  std::int64_t T = 0;

  /// Sets the shape; the content is unspecified. Does not allocate when the shape was as large
  /// before.
  void reshape(std::int64_t n_rows, std::int64_t n_columns);

  /// Targets that count in the loss.
  std::int64_t n_targets() const noexcept;
};

/// Fills one row per start: inputs tokens[start, start + T), targets one token later. Error:
/// invalid_argument when a window and its last target do not lie inside `tokens`.
void fill_windows(std::span<const TokenId> tokens, std::span<const std::int64_t> starts,
                  std::int64_t T, Batch& batch);

}  // namespace alpha
