#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alpha/data/batch.h"

namespace alpha {

/// Walks tokens front to back in windows of T that do not overlap, B windows a batch: for the loss
/// over a whole validation split. Every token but the first, which nothing precedes, is a target
/// exactly once. All batches are [B, T]; what lies behind the last token is padded with input 0 and
/// kIgnoreTarget.
class SequentialBatches {
 public:
  /// `tokens` must outlive this. Error: invalid_argument when B or T is below 1 or there are fewer
  /// than 2 tokens.
  SequentialBatches(std::span<const TokenId> tokens, std::int64_t B, std::int64_t T);

  /// Fills `batch` and returns true, or returns false at the end and leaves it alone. Does not
  /// allocate when the batch had this shape before.
  bool next(Batch& batch);

  /// Back to the front.
  void reset() noexcept { position_ = 0; }

  /// Targets in all batches together: n_tokens - 1.
  std::int64_t n_targets() const noexcept { return static_cast<std::int64_t>(tokens_.size()) - 1; }

  std::int64_t n_batches() const noexcept { return (n_targets() + B_ * T_ - 1) / (B_ * T_); }

 private:
  std::span<const TokenId> tokens_;
  std::int64_t B_;
  std::int64_t T_;
  std::int64_t position_ = 0;  // first input of the next batch
};

/// A fixed set of windows for the evaluation in between, the same at every call: min(n, n_tokens -
/// T) distinct starts for `fill_windows`, evenly spaced from the first possible start, 0, to the
/// last, n_tokens - T - 1. Error: invalid_argument when n or T is below 1 or n_tokens <= T.
std::vector<std::int64_t> evaluation_windows(std::int64_t n_tokens, std::int64_t T, std::int64_t n);

}  // namespace alpha
