#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// One block of the KV cache, shared memory of all sequences: the keys and values of kKvBlockTokens
/// consecutive positions, all layers. Ids are 0 … n_blocks - 1.
using BlockId = std::int32_t;

inline constexpr BlockId kNoBlock = -1;
inline constexpr std::int64_t kKvBlockTokens = 16;

/// Blocks that hold `n_positions` positions.
constexpr std::int64_t kv_blocks_for(std::int64_t n_positions) noexcept {
  return (n_positions + kKvBlockTokens - 1) / kKvBlockTokens;
}

/// The positions of a slice after which logits are wanted.
enum class LogitRows : std::uint8_t { none, last, all };

/// Consecutive positions of one sequence that a step computes.
struct StepSlice {
  std::span<const TokenId> tokens;  // at positions past, past + 1, …; not empty
  std::int64_t past = 0;            // positions computed by earlier steps
  std::span<const BlockId>
      blocks;  // position p lies in blocks[p / 16]; covers past + tokens.size()
  LogitRows logits = LogitRows::last;
  bool is_hidden_wanted = false;  // the last hidden state of every position
};

/// The model as the scheduler sees it: rows in, logits out, over KV blocks that the runner owns and
/// the scheduler hands out. Abstract, so that tests can put a model of their own in its place.
///
/// What a position gives depends on the tokens up to it alone: not on the other slices of the step,
/// not on how its sequence was cut into slices, not on which blocks hold it.
class ModelRunner {
 public:
  virtual ~ModelRunner() = default;

  /// Computes all slices in one pass and writes their keys and values into their blocks. Slices
  /// share blocks only below their `past`. When it throws, what it wrote is not read again.
  virtual void step(std::span<const StepSlice> slices) = 0;

  /// Logits [V] of the last step: row `row` of those that slice `slice` asked for (0 for `last`).
  /// Valid until the next step; safe to read from many threads.
  virtual std::span<const float> logits(std::size_t slice, std::int64_t row = 0) const = 0;

  /// The last hidden state [C] of position `row` of slice `slice`, which wanted them: after the
  /// final norm, what the logits are made of. As `logits`.
  virtual std::span<const float> hidden(std::size_t slice, std::int64_t row) const = 0;

  /// Copies one KV block.
  virtual void copy_block(BlockId from, BlockId to) = 0;

  virtual std::int64_t n_blocks() const noexcept = 0;
  virtual std::int64_t vocab_size() const noexcept = 0;
  virtual std::int64_t hidden_size() const noexcept = 0;
  virtual std::int64_t block_size() const noexcept = 0;     // positions of the longest sequence
  virtual std::int64_t max_step_rows() const noexcept = 0;  // tokens of all slices together

  /// Runs body(0) … body(n - 1), each once, in any order, on the runner's threads; returns when all
  /// are done. A body does not throw.
  virtual void parallel(std::int64_t n, const std::function<void(std::int64_t)>& body) = 0;
};

}  // namespace alpha
