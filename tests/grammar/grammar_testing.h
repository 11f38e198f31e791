#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/json.h"
#include "alpha/grammar/grammar_matcher.h"
#include "alpha/tokenizers/bpe_tokenizer.h"

namespace alpha {

/// Tokens are the 256 bytes, and one special token.
inline std::shared_ptr<const TokenTrie> byte_trie() {
  static const auto kTrie = std::make_shared<const TokenTrie>(*BpeTokenizer::train("", 257));
  return kTrie;
}

inline std::shared_ptr<const Grammar> compile(std::string_view schema) {
  return compile_json_schema(parse_json(schema, "test"));
}

/// What compiling says against the schema, or "".
inline std::string error_of(std::string_view schema, const SchemaLimits& limits = {}) {
  try {
    compile_json_schema(parse_json(schema, "test"), limits);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "";
}

/// Whether a matcher can read the text byte by byte, and is complete then.
inline bool accepts(const std::shared_ptr<const Grammar>& grammar, std::string_view text) {
  GrammarMatcher matcher(grammar, byte_trie());
  for (const char byte : text) {
    const TokenId token = static_cast<unsigned char>(byte);
    const bool is_allowed = matcher.is_allowed(token);
    try {
      matcher.accept(token);
    } catch (const Error&) {
      EXPECT_FALSE(is_allowed) << text;
      return false;
    }
    EXPECT_TRUE(is_allowed) << text;
  }
  return matcher.is_complete();
}

inline bool accepts(std::string_view schema, std::string_view text) {
  return accepts(compile(schema), text);
}

inline std::vector<TokenId> allowed_tokens(GrammarMatcher& matcher) {
  std::vector<TokenId> tokens;
  const auto mask = matcher.allowed();
  for (std::size_t i = 0; i < mask.size() * 64; ++i) {
    if ((mask[i / 64] >> (i % 64) & 1U) != 0) tokens.push_back(static_cast<TokenId>(i));
  }
  return tokens;
}

/// A text of the grammar: tokens drawn from those allowed; after `patience` of them, those that
/// close something where there are any.
inline std::string random_text(GrammarMatcher matcher, const TokenTrie& trie, std::mt19937_64& rng,
                               std::size_t patience) {
  std::string text;
  for (std::size_t n = 0;; ++n) {
    if (matcher.must_end()) return text;
    if (matcher.is_complete() && rng() % 4 == 0) return text;
    const std::vector<TokenId> tokens = allowed_tokens(matcher);
    if (tokens.empty()) return text;
    TokenId token = tokens[rng() % tokens.size()];
    const bool is_in_string = matcher.is_allowed('~');
    const std::string_view closing = is_in_string ? "\"" : "\"]}";
    for (const char byte : n < patience ? "" : closing) {
      const TokenId id = static_cast<unsigned char>(byte);
      if (matcher.is_allowed(id)) token = id;
    }
    text += trie.piece(token);
    matcher.accept(token);
    if (n > patience + 20'000) {
      ADD_FAILURE() << "does not end: " << text.substr(0, 200);
      return text;
    }
  }
}

}  // namespace alpha
