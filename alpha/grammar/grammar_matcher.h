#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "alpha/grammar/grammar_masks.h"

namespace alpha {

/// Reads one text token by token and says which may come next, so that the text is in the grammar
/// when it is complete. A copy goes on from the same place. Not for several threads at once.
class GrammarMatcher {
 public:
  /// Samples that share `masks` profit from each other's work.
  explicit GrammarMatcher(std::shared_ptr<GrammarMasks> masks);

  /// With masks of its own.
  GrammarMatcher(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTrie> trie);

  /// Bit i % 64 of word i / 64: token i may come next. Valid until the next accept. All zero only
  /// where `is_complete`. Error(unsupported): the text is not complete, and no token of the
  /// vocabulary can go on (a character that a "char" tokenizer lacks; never with byte-level BPE).
  std::span<const std::uint64_t> allowed();

  bool is_allowed(TokenId token);

  /// Reads the token. Error(invalid_argument): it may not come next (special tokens never may), or
  /// is outside the vocabulary; nothing has changed.
  void accept(TokenId token);

  /// A whole value has been read: the text may end here.
  bool is_complete() const noexcept { return stacks_.is_complete(); }

  /// The value is complete and nothing may follow.
  bool must_end() const noexcept { return stacks_.must_end(); }

  const StackSet& stacks() const noexcept { return stacks_; }

 private:
  std::shared_ptr<GrammarMasks> masks_;
  StackSet stacks_;
  std::shared_ptr<const GrammarMasks::Mask> mask_;  // null after an accept
};

}  // namespace alpha
