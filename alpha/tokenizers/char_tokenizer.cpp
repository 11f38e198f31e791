#include "alpha/tokenizers/char_tokenizer.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "alpha/core/error.h"
#include "alpha/core/json.h"
#include "alpha/tokenizers/artifact.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {

CharTokenizer::CharTokenizer(std::vector<std::string> vocab) : Tokenizer(std::move(vocab)) {
  ascii_ids_.fill(-1);
  for (TokenId id = 0; id < vocab_size(); ++id) {
    const char32_t code_point = decode_utf8(piece(id), 0).code_point;
    if (code_point < ascii_ids_.size()) {
      ascii_ids_[code_point] = id;
    } else {
      other_ids_.emplace(code_point, id);
    }
  }
}

std::unique_ptr<CharTokenizer> CharTokenizer::train(std::string_view text) {
  if (text.empty()) fail_invalid("[char tokenizer] cannot take a vocabulary from an empty text");
  std::unordered_set<char32_t> code_points;
  for (std::size_t at = 0; at < text.size();) {
    code_points.insert(next_code_point(text, at, "char tokenizer"));
  }
  std::vector<std::string> vocab;
  vocab.reserve(code_points.size());
  for (const char32_t code_point : code_points) append_utf8(vocab.emplace_back(), code_point);
  std::sort(vocab.begin(), vocab.end(), utf16_less);
  return std::unique_ptr<CharTokenizer>(new CharTokenizer(std::move(vocab)));
}

std::unique_ptr<CharTokenizer> CharTokenizer::from_json(const Json& artifact,
                                                        std::string_view where) {
  std::vector<std::string> vocab = read_vocab(artifact, where);
  for (std::size_t i = 0; i < vocab.size(); ++i) {
    const Utf8Char first = decode_utf8(vocab[i], 0);
    if (first.status != Utf8Status::ok ||
        static_cast<std::size_t>(first.length) != vocab[i].size()) {
      fail(ErrorCode::corrupt, "{}: field 'vocab[{}]' is '{}', expected one character", where, i,
           shortened(vocab[i]));
    }
  }
  return std::unique_ptr<CharTokenizer>(new CharTokenizer(std::move(vocab)));
}

void CharTokenizer::append_tokens(std::string_view text, SpecialTokens /*specials*/,
                                  std::vector<TokenId>& out) const {
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code_point = next_code_point(text, at, "char tokenizer");
    if (code_point < ascii_ids_.size()) {
      const TokenId id = ascii_ids_[code_point];
      if (id >= 0) out.push_back(id);
    } else if (const auto it = other_ids_.find(code_point); it != other_ids_.end()) {
      out.push_back(it->second);
    }
  }
}

}  // namespace alpha
