#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "alpha/core/rng.h"
#include "alpha/data/batch.h"

namespace alpha {

/// An endless stream of random training windows: each row starts at floor(u * (n_tokens - T)), so
/// that every window with a target for its last token can be drawn. Windows may cross the border
/// between documents.
///
/// u is rng.next(), the original's draw, for the first 8,190 rows. There SeededRng begins to repeat
/// itself, and a run would only ever see those 8,190 windows; so at each further turn of the
/// generator all its values are shifted, modulo 1, by another multiple of the golden ratio.
class BatchStream {
 public:
  /// The position in the stream, for a checkpoint.
  struct State {
    SeededRng::State rng;
    std::uint64_t n_rows = 0;  // drawn so far

    bool operator==(const State&) const = default;
  };

  /// `tokens` must outlive the stream. Error: invalid_argument when B or T is below 1 or there are
  /// not more than T tokens.
  BatchStream(std::span<const TokenId> tokens, std::int64_t B, std::int64_t T, std::int32_t seed);

  /// Fills `batch` [B, T]. Does not allocate when the batch had this shape before.
  void next(Batch& batch);

  State state() const noexcept { return {.rng = rng_.state(), .n_rows = n_rows_}; }

  /// A stream over the same tokens goes on with the windows that followed `state()`.
  void set_state(const State& state) noexcept {
    rng_.set_state(state.rng);
    n_rows_ = state.n_rows;
  }

 private:
  std::int64_t draw_start() noexcept;

  std::span<const TokenId> tokens_;
  std::int64_t T_;
  SeededRng rng_;
  std::uint64_t n_rows_ = 0;
  std::vector<std::int64_t> starts_;  // [B]
};

}  // namespace alpha
