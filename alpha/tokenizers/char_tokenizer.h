#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// One token per Unicode code point. Code points outside the vocabulary are skipped by `encode`.
class CharTokenizer final : public Tokenizer {
 public:
  /// The vocabulary of a text: its code points, sorted by UTF-16 code units.
  /// Error(invalid_argument): empty text, or not UTF-8 (with the byte offset).
  static std::unique_ptr<CharTokenizer> train(std::string_view text);

  /// See tokenizer_from_json. Every entry of the vocabulary is one code point.
  static std::unique_ptr<CharTokenizer> from_json(const Json& artifact, std::string_view where);

  std::string_view type() const noexcept override { return "char"; }

 private:
  explicit CharTokenizer(std::vector<std::string> vocab);

  void append_tokens(std::string_view text, SpecialTokens specials,
                     std::vector<TokenId>& out) const override;

  std::array<TokenId, 128> ascii_ids_;  // -1: not in the vocabulary
  std::unordered_map<char32_t, TokenId> other_ids_;
};

}  // namespace alpha
