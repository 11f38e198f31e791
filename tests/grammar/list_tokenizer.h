#pragma once

#include <string>
#include <utility>
#include <vector>

#include "alpha/core/error.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// Any pieces, as a vocabulary that only decodes.
class ListTokenizer final : public Tokenizer {
 public:
  explicit ListTokenizer(std::vector<std::string> pieces) : Tokenizer(std::move(pieces)) {}

  std::string_view type() const noexcept override { return "bpe"; }

 private:
  void append_tokens(std::string_view /*text*/, SpecialTokens /*specials*/,
                     std::vector<TokenId>& /*out*/) const override {
    fail(ErrorCode::unsupported, "a list of pieces does not encode");
  }
};

}  // namespace alpha
