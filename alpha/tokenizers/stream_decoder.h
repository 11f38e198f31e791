#pragma once

#include <optional>
#include <string>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// Decodes tokens one by one, as they are generated. What it returns is always valid UTF-8: the
/// bytes of a character that is not complete yet are held back. All it returned, joined, equals
/// `decode` of all ids, with U+FFFD in place of broken bytes.
class StreamDecoder {
 public:
  /// `tokenizer` must outlive the decoder. `previous` is the token before the first one fed (the
  /// last of a prompt): a word that follows a word begins with a space.
  explicit StreamDecoder(const Tokenizer& tokenizer, std::optional<TokenId> previous = {});

  /// The text that this token completes, possibly none. Error: as Tokenizer::piece.
  std::string feed(TokenId id);

  /// Ends the text: what is held back, as U+FFFD. Later tokens continue the same text.
  std::string flush();

 private:
  const Tokenizer& tokenizer_;
  std::optional<TokenId> previous_;
  std::string held_;  // a truncated sequence, 0 to 3 bytes
};

}  // namespace alpha
