#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "alpha/inference/kv_blocks.h"

namespace alpha {

/// The text of one session as the model sees it: its tokens and the KV blocks of those that are
/// computed. Allocates nothing after construction; the blocks go back when it dies.
class Sequence {
 public:
  /// At most `block_size` positions are computed; one more token may stand behind them. `blocks`
  /// must outlive the sequence.
  Sequence(KvBlocks& blocks, std::int64_t block_size);
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  ~Sequence() { release_blocks(); }

  /// Begins anew with these 1 to block_size tokens. Only sequences of one salt share blocks.
  void start(std::span<const TokenId> tokens, std::uint64_t salt);

  /// Becomes a copy of `other` that shares its blocks.
  void fork(const Sequence& other);

  void append(TokenId id) { tokens_.push_back(id); }

  std::span<const TokenId> tokens() const noexcept { return tokens_; }

  std::span<const BlockId> blocks() const noexcept { return table_; }

  std::int64_t n_tokens() const noexcept { return static_cast<std::int64_t>(tokens_.size()); }

  std::int64_t n_computed() const noexcept { return n_computed_; }

  std::int64_t n_left() const noexcept { return n_tokens() - n_computed_; }

  bool is_too_long() const noexcept { return n_tokens() > block_size_; }

  /// Takes over what others have computed of these tokens, whole blocks, but never the last token:
  /// its logits are wanted.
  void match();

  /// Whether `other`, which computes its next `n_rows` positions now, computes this one's next
  /// block.
  bool shares_next_block(const Sequence& other, std::int64_t n_rows) const;

  /// Gets blocks for the next `n_rows` positions, copying one that others read. False when there
  /// are none left; what was got stays, and a later call goes on from there.
  bool reserve(std::int64_t n_rows, ModelRunner& runner);

  /// The next `n_rows` positions, to be computed. Valid until the sequence changes.
  StepSlice slice(std::int64_t n_rows, LogitRows logits) const;

  /// They are computed: full blocks can be found by others from now on.
  void advance(std::int64_t n_rows);

  /// Gives back all blocks; the tokens stay, to be computed again.
  void release_blocks();

  /// Forgets all but the last half block of tokens, which are computed again from position 0.
  void slide();

  std::int64_t n_kept_by_slide() const noexcept {
    return std::max<std::int64_t>(block_size_ / 2, 1);
  }

 private:
  PrefixKey key(std::int64_t block) const;

  KvBlocks& blocks_;
  std::int64_t block_size_;
  std::uint64_t salt_ = 0;
  std::vector<TokenId> tokens_;
  std::vector<BlockId> table_;
  std::int64_t n_computed_ = 0;
  std::int64_t n_published_ = 0;  // leading blocks of the table that are in the tree
};

}  // namespace alpha
