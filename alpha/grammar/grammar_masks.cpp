#include "alpha/grammar/grammar_masks.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "alpha/core/hash.h"
#include "alpha/grammar/stack_walk.h"

namespace alpha {
namespace {

void add_readable(const TokenTrie::Tree& tree, StackWalk walk, GrammarMasks::Mask& mask) {
  for (std::size_t i = 0; i < tree.n_nodes() && !walk.is_empty();) {
    const TokenTrie::Node& node = tree.nodes[i];
    if (!walk.step(node.depth, node.byte)) {
      i = node.skip;
      continue;
    }
    ++i;
    for (std::uint32_t t = node.first_token; t < tree.nodes[i].first_token; ++t) {
      const auto id = static_cast<std::size_t>(tree.tokens[t]);
      mask[id / 64] |= std::uint64_t{1} << (id % 64);
    }
  }
}

/// Most of a vocabulary are plain tokens, which a string takes whatever comes before and after:
/// only their characters count.
GrammarMasks::Mask compute_mask(const StackSet& stacks, const TokenTrie& trie) {
  GrammarMasks::Mask mask(trie.n_words(), 0);
  if (const auto n_left = stacks.n_text_left()) {
    const auto plain = trie.plain(std::min<std::size_t>(*n_left, TokenTrie::kMaxPlainChars));
    std::copy(plain.begin(), plain.end(), mask.begin());
    add_readable(trie.not_plain(), StackWalk(stacks, StackWalk::Part::text), mask);
  }
  add_readable(trie.all(), StackWalk(stacks, StackWalk::Part::not_text), mask);
  return mask;
}

}  // namespace

GrammarMasks::GrammarMasks(std::shared_ptr<const Grammar> grammar,
                           std::shared_ptr<const TokenTrie> trie, std::size_t max_bytes)
    : grammar_(std::move(grammar)),
      trie_(std::move(trie)),
      max_bytes_(max_bytes) {}

std::shared_ptr<const GrammarMasks::Mask> GrammarMasks::mask(const StackSet& stacks) {
  Key key;
  stacks.append_key(static_cast<std::uint32_t>(trie_->max_piece()), key);
  if (auto known = find(key)) return known;
  // Two threads may compute the same; better than to wait for each other.
  return keep(std::move(key), std::make_shared<const Mask>(compute_mask(stacks, *trie_)));
}

std::shared_ptr<const GrammarMasks::Mask> GrammarMasks::find(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end()) return nullptr;
  uses_.splice(uses_.begin(), uses_, it->second.place);
  return it->second.mask;
}

std::shared_ptr<const GrammarMasks::Mask> GrammarMasks::keep(Key key,
                                                             std::shared_ptr<const Mask> mask) {
  const std::lock_guard lock(mutex_);
  const auto [it, is_new] = entries_.try_emplace(std::move(key));
  if (!is_new) return it->second.mask;
  it->second.mask = std::move(mask);
  uses_.push_front(&it->first);
  it->second.place = uses_.begin();
  n_bytes_ += size_bytes(*it);
  auto kept = it->second.mask;
  while (n_bytes_ > max_bytes_ && !uses_.empty()) drop_oldest();
  return kept;
}

void GrammarMasks::drop_oldest() {
  const auto it = entries_.find(*uses_.back());
  n_bytes_ -= size_bytes(*it);
  uses_.pop_back();
  entries_.erase(it);
}

std::size_t GrammarMasks::size_bytes(const Entries::value_type& entry) noexcept {
  constexpr std::size_t kOverhead = 160;  // of the map, the list and the shared pointer, roughly
  return entry.first.size() * sizeof(std::uint32_t) +
         entry.second.mask->size() * sizeof(std::uint64_t) + kOverhead;
}

std::size_t GrammarMasks::KeyHash::operator()(const Key& key) const noexcept {
  return xxh3(std::as_bytes(std::span(key)));
}

}  // namespace alpha
