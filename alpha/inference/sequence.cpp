#include "alpha/inference/sequence.h"

#include <algorithm>

#include "alpha/core/error.h"

namespace alpha {

Sequence::Sequence(KvBlocks& blocks, std::int64_t block_size)
    : blocks_(blocks),
      block_size_(block_size) {
  tokens_.reserve(static_cast<std::size_t>(block_size) + 1);
  table_.reserve(static_cast<std::size_t>(kv_blocks_for(block_size)));
}

void Sequence::start(std::span<const TokenId> tokens, std::uint64_t salt) {
  ALPHA_CHECK(!tokens.empty() && tokens.size() <= static_cast<std::size_t>(block_size_),
              "a sequence begins with 1 to block size tokens");
  release_blocks();
  tokens_.assign(tokens.begin(), tokens.end());
  salt_ = salt;
}

void Sequence::fork(const Sequence& other) {
  start(other.tokens_, other.salt_);
  for (const BlockId block : other.table_) blocks_.share(block);
  table_ = other.table_;
  n_computed_ = other.n_computed_;
  n_published_ = other.n_published_;
}

void Sequence::match() {
  while (n_computed_ == n_published_ * kKvBlockTokens && n_left() > kKvBlockTokens) {
    ALPHA_DCHECK(std::ssize(table_) == n_published_, "blocks behind what is computed");
    const BlockId block = blocks_.find(key(n_published_));
    if (block == kNoBlock) break;
    table_.push_back(block);
    ++n_published_;
    n_computed_ += kKvBlockTokens;
  }
}

bool Sequence::shares_next_block(const Sequence& other, std::int64_t n_rows) const {
  const std::int64_t begin = n_computed_;
  if (begin != n_published_ * kKvBlockTokens || begin != other.n_computed_ ||
      n_left() <= kKvBlockTokens || n_rows < kKvBlockTokens || salt_ != other.salt_) {
    return false;
  }
  const auto at = static_cast<std::ptrdiff_t>(begin);
  return std::equal(tokens_.begin() + at, tokens_.begin() + at + kKvBlockTokens,
                    other.tokens_.begin() + at) &&
         (begin == 0 || key(n_published_).parent == other.key(n_published_).parent);
}

bool Sequence::reserve(std::int64_t n_rows, ModelRunner& runner) {
  const std::int64_t n_needed = kv_blocks_for(n_computed_ + n_rows);
  // Only the block that the next position falls into can be shared: it is the last one, and a fork
  // left it half full.
  if (n_computed_ % kKvBlockTokens != 0) {
    BlockId& last = table_[static_cast<std::size_t>(n_computed_ / kKvBlockTokens)];
    if (blocks_.pool().n_references(last) > 1) {
      const BlockId copy = blocks_.acquire();
      if (copy == kNoBlock) return false;
      try {
        runner.copy_block(last, copy);
      } catch (...) {
        blocks_.release(copy);
        throw;
      }
      blocks_.release(last);
      last = copy;
    }
  }
  while (std::ssize(table_) < n_needed) {
    const BlockId block = blocks_.acquire();
    if (block == kNoBlock) return false;
    table_.push_back(block);
  }
  return true;
}

StepSlice Sequence::slice(std::int64_t n_rows, LogitRows logits) const {
  return {.tokens = std::span(tokens_).subspan(static_cast<std::size_t>(n_computed_),
                                               static_cast<std::size_t>(n_rows)),
          .past = n_computed_,
          .blocks = table_,
          .logits = logits};
}

void Sequence::advance(std::int64_t n_rows) {
  n_computed_ += n_rows;
  for (; (n_published_ + 1) * kKvBlockTokens <= n_computed_; ++n_published_) {
    BlockId& block = table_[static_cast<std::size_t>(n_published_)];
    block = blocks_.publish(key(n_published_), block);
  }
}

void Sequence::release_blocks() {
  for (; !table_.empty(); table_.pop_back()) blocks_.release(table_.back());
  n_computed_ = 0;
  n_published_ = 0;
}

void Sequence::slide() {
  release_blocks();
  tokens_.erase(tokens_.begin(), tokens_.end() - n_kept_by_slide());
}

PrefixKey Sequence::key(std::int64_t block) const {
  const auto at = static_cast<std::size_t>(block);
  return {.salt = salt_,
          .parent = block == 0 ? kNoBlock : table_[at - 1],
          .tokens = BlockTokens(
              std::span(tokens_).subspan(at * BlockTokens::extent, BlockTokens::extent))};
}

}  // namespace alpha
