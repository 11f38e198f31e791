#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "alpha/tokenizers/bpe_merge.h"

namespace alpha {

/// Applies a list of merges to bytes. Immutable; threads may share it.
class BpeEncoder {
 public:
  /// Memory that calls reuse; one per thread.
  struct Scratch {
    std::vector<TokenId> ids;
    std::vector<std::uint32_t> previous;
    std::vector<std::uint32_t> next;
    std::vector<std::uint64_t> heap;
  };

  /// Ids below 256 are bytes. The list must not hold a pair twice.
  BpeEncoder(std::vector<BpeMerge> merges, TokenId first_merge_id);

  /// Appends the tokens of one pre-token of less than 2^32 - 1 bytes: as long as a merge applies,
  /// the one of lowest rank is applied at its leftmost place. O(n log n).
  void append(std::string_view pre_token, std::vector<TokenId>& out, Scratch& scratch) const;

  std::span<const BpeMerge> merges() const noexcept { return merges_; }

 private:
  static constexpr std::int32_t kNoRank = -1;

  struct Slot {
    BpeMerge pair;
    std::int32_t rank = kNoRank;
  };

  std::int32_t rank_of(BpeMerge pair) const noexcept;
  void push_pair(std::uint32_t left, Scratch& scratch) const;

  std::vector<BpeMerge> merges_;
  TokenId first_merge_id_;
  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
};

}  // namespace alpha
