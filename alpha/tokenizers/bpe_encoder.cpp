#include "alpha/tokenizers/bpe_encoder.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <utility>

#include "alpha/core/error.h"

namespace alpha {
namespace {

constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();
constexpr TokenId kMergedAway = -1;

}  // namespace

BpeEncoder::BpeEncoder(std::vector<BpeMerge> merges, TokenId first_merge_id)
    : merges_(std::move(merges)),
      first_merge_id_(first_merge_id),
      slots_(std::bit_ceil(2 * merges_.size() + 2)) {
  for (std::size_t rank = 0; rank < merges_.size(); ++rank) {
    std::size_t at = BpeMergeHash()(merges_[rank]) & (slots_.size() - 1);
    while (slots_[at].rank != kNoRank) {
      ALPHA_CHECK(slots_[at].pair != merges_[rank], "a pair of tokens is merged twice");
      at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = {merges_[rank], static_cast<std::int32_t>(rank)};
  }
}

std::int32_t BpeEncoder::rank_of(BpeMerge pair) const noexcept {
  std::size_t at = BpeMergeHash()(pair) & (slots_.size() - 1);
  while (slots_[at].rank != kNoRank && slots_[at].pair != pair) at = (at + 1) & (slots_.size() - 1);
  return slots_[at].rank;
}

void BpeEncoder::push_pair(std::uint32_t left, Scratch& s) const {
  const std::uint32_t right = s.next[left];
  if (right == kEnd) return;
  const std::int32_t rank = rank_of({s.ids[left], s.ids[right]});
  if (rank == kNoRank) return;
  s.heap.push_back((std::uint64_t{static_cast<std::uint32_t>(rank)} << 32U) | left);
}

void BpeEncoder::append(std::string_view pre_token, std::vector<TokenId>& out, Scratch& s) const {
  ALPHA_CHECK(pre_token.size() < kEnd, "pre-token is too long");
  const auto n = static_cast<std::uint32_t>(pre_token.size());
  s.ids.resize(n);
  s.previous.resize(n);
  s.next.resize(n);
  s.heap.clear();
  for (std::uint32_t i = 0; i < n; ++i) {
    s.ids[i] = static_cast<unsigned char>(pre_token[i]);
    s.previous[i] = i == 0 ? kEnd : i - 1;
    s.next[i] = i + 1 == n ? kEnd : i + 1;
  }
  for (std::uint32_t i = 0; i < n; ++i) push_pair(i, s);
  std::make_heap(s.heap.begin(), s.heap.end(), std::greater<>());

  const auto push_to_heap = [&](std::uint32_t left) {
    const std::size_t size_before = s.heap.size();
    push_pair(left, s);
    if (s.heap.size() > size_before) {
      std::push_heap(s.heap.begin(), s.heap.end(), std::greater<>());
    }
  };
  // An entry whose pair has changed since it was pushed is skipped.
  while (!s.heap.empty()) {
    std::pop_heap(s.heap.begin(), s.heap.end(), std::greater<>());
    const std::uint64_t entry = s.heap.back();
    s.heap.pop_back();
    const auto rank = static_cast<std::uint32_t>(entry >> 32U);
    const auto left = static_cast<std::uint32_t>(entry);
    const std::uint32_t right = s.next[left];
    const BpeMerge& pair = merges_[rank];
    if (right == kEnd || s.ids[left] != pair.left || s.ids[right] != pair.right) continue;
    s.ids[left] = first_merge_id_ + static_cast<TokenId>(rank);
    s.ids[right] = kMergedAway;
    s.next[left] = s.next[right];
    if (s.next[left] != kEnd) s.previous[s.next[left]] = left;
    if (s.previous[left] != kEnd) push_to_heap(s.previous[left]);
    push_to_heap(left);
  }
  for (std::uint32_t i = n == 0 ? kEnd : 0; i != kEnd; i = s.next[i]) out.push_back(s.ids[i]);
}

}  // namespace alpha
