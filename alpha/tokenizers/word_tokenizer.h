#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// One token per word between whitespace, and "\n" between lines. Words outside the vocabulary are
/// skipped by `encode`; runs of other whitespace become one space in `decode`.
class WordTokenizer final : public Tokenizer {
 public:
  /// The vocabulary of a text: its words and "\n", sorted by UTF-16 code units.
  /// Error(invalid_argument): no word, or not UTF-8 (with the byte offset).
  static std::unique_ptr<WordTokenizer> train(std::string_view text);

  /// See tokenizer_from_json. Only the entry "\n" may contain whitespace.
  static std::unique_ptr<WordTokenizer> from_json(const Json& artifact, std::string_view where);

  std::string_view type() const noexcept override { return "word"; }

  /// A space, except beside "\n".
  std::string_view glue(TokenId left, TokenId right) const override;

 private:
  explicit WordTokenizer(std::vector<std::string> vocab);

  void append_tokens(std::string_view text, SpecialTokens specials,
                     std::vector<TokenId>& out) const override;

  std::unordered_map<std::string_view, TokenId> id_of_;  // views of pieces()
  TokenId newline_ = -1;                                 // -1: not in the vocabulary
};

}  // namespace alpha
