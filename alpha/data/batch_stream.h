#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alpha/core/rng.h"
#include "alpha/data/batch.h"

namespace alpha {

/// Where the window lies that a draw u in [0, 1) means: floor(u · (n_tokens - T)), the original's
/// rule. Every window with a target for its last token can be drawn.
std::int64_t window_start(double u, std::int64_t n_tokens, std::int64_t T) noexcept;

/// An endless stream of random training windows. Row i of the stream depends on the seed and i
/// alone, so its position is all that a checkpoint stores. Windows may cross the border between
/// documents.
class BatchStream {
 public:
  /// `tokens` must outlive the stream. Error: invalid_argument when B or T is below 1 or there are
  /// not more than T tokens.
  BatchStream(std::span<const TokenId> tokens, std::int64_t B, std::int64_t T, std::int32_t seed);

  /// Fills `batch` [B, T]. Does not allocate when the batch had this shape before.
  void next(Batch& batch);

  /// Rows drawn so far.
  std::uint64_t position() const noexcept { return n_rows_; }

  /// Continues after `n_rows` rows.
  void set_position(std::uint64_t n_rows) noexcept { n_rows_ = n_rows; }

 private:
  std::span<const TokenId> tokens_;
  std::int64_t T_;
  CounterRng rng_;
  std::uint64_t n_rows_ = 0;
  std::vector<std::int64_t> starts_;  // [B]
};

}  // namespace alpha
