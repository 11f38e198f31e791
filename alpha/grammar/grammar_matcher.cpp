#include "alpha/grammar/grammar_matcher.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "alpha/core/error.h"

namespace alpha {

GrammarMatcher::GrammarMatcher(std::shared_ptr<GrammarMasks> masks)
    : masks_(std::move(masks)),
      stacks_(masks_->grammar().automaton()) {}

GrammarMatcher::GrammarMatcher(std::shared_ptr<const Grammar> grammar,
                               std::shared_ptr<const TokenTrie> trie)
    : GrammarMatcher(std::make_shared<GrammarMasks>(std::move(grammar), std::move(trie))) {}

std::span<const std::uint64_t> GrammarMatcher::allowed() {
  if (!mask_) {
    auto mask = masks_->mask(stacks_);
    const bool has_token = std::any_of(mask->begin(), mask->end(), [](auto word) { return word; });
    if (!has_token && !is_complete()) {
      fail(ErrorCode::unsupported,
           "[grammar] the value is not complete, and no token of the vocabulary continues it");
    }
    mask_ = std::move(mask);
  }
  return *mask_;
}

bool GrammarMatcher::is_allowed(TokenId token) {
  if (token < 0 || token >= masks_->trie().vocab_size()) return false;
  const auto id = static_cast<std::size_t>(token);
  return (allowed()[id / 64] >> (id % 64) & 1U) != 0;
}

void GrammarMatcher::accept(TokenId token) {
  const std::string_view piece = masks_->trie().piece(token);
  if (piece.empty() || !stacks_.read(piece)) {
    fail_invalid("[grammar] token {} may not come next", token);
  }
  mask_.reset();
}

}  // namespace alpha
