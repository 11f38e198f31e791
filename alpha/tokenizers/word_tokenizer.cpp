#include "alpha/tokenizers/word_tokenizer.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "alpha/core/error.h"
#include "alpha/core/json.h"
#include "alpha/tokenizers/artifact.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

// JavaScript's \s, which decides where the original's words end: White_Space without U+0085, and
// the byte order mark.
bool is_word_separator(char32_t code_point) {
  if (code_point == 0xFEFF) return true;
  return code_point != 0x85 && is_unicode_whitespace(code_point);
}

// Calls on_word(view) for every word and on_newline() for every "\n", in their order.
template<class OnWord, class OnNewline>
void for_each_word(std::string_view text, OnWord&& on_word, OnNewline&& on_newline) {
  std::size_t word_begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t code_point = next_code_point(text, at, "word tokenizer");
    if (!is_word_separator(code_point)) continue;
    if (begin > word_begin) on_word(text.substr(word_begin, begin - word_begin));
    if (code_point == '\n') on_newline();
    word_begin = at;
  }
  if (text.size() > word_begin) on_word(text.substr(word_begin));
}

bool is_one_word(std::string_view piece) {
  bool is_whole = false;
  for_each_word(
      piece, [&](std::string_view word) { is_whole = word.size() == piece.size(); }, [] {});
  return is_whole;
}

}  // namespace

WordTokenizer::WordTokenizer(std::vector<std::string> vocab) : Tokenizer(std::move(vocab)) {
  for (TokenId id = 0; id < vocab_size(); ++id) id_of_.emplace(piece(id), id);
  if (const auto it = id_of_.find("\n"); it != id_of_.end()) newline_ = it->second;
}

std::unique_ptr<WordTokenizer> WordTokenizer::train(std::string_view text) {
  std::unordered_set<std::string_view> words;
  for_each_word(
      text, [&](std::string_view word) { words.insert(word); }, [] {});
  if (words.empty()) {
    fail_invalid("[word tokenizer] the text of {} bytes has no word to take a vocabulary from",
                 text.size());
  }
  std::vector<std::string> vocab(words.begin(), words.end());
  vocab.emplace_back("\n");
  std::sort(vocab.begin(), vocab.end(), utf16_less);
  return std::unique_ptr<WordTokenizer>(new WordTokenizer(std::move(vocab)));
}

std::unique_ptr<WordTokenizer> WordTokenizer::from_json(const Json& artifact,
                                                        std::string_view where) {
  std::vector<std::string> vocab = read_vocab(artifact, where);
  for (std::size_t i = 0; i < vocab.size(); ++i) {
    const bool is_sound = is_valid_utf8(vocab[i]) && (vocab[i] == "\n" || is_one_word(vocab[i]));
    if (!is_sound) {
      fail(ErrorCode::corrupt, "{}: field 'vocab[{}]' is '{}', expected a word without whitespace",
           where, i, shortened(vocab[i]));
    }
  }
  return std::unique_ptr<WordTokenizer>(new WordTokenizer(std::move(vocab)));
}

std::string_view WordTokenizer::glue(TokenId left, TokenId right) const {
  return left == newline_ || right == newline_ ? "" : " ";
}

void WordTokenizer::append_tokens(std::string_view text, SpecialTokens /*specials*/,
                                  std::vector<TokenId>& out) const {
  const auto on_word = [&](std::string_view word) {
    if (const auto it = id_of_.find(word); it != id_of_.end()) out.push_back(it->second);
  };
  const auto on_newline = [&] {
    if (newline_ >= 0) out.push_back(newline_);
  };
  for_each_word(text, on_word, on_newline);
}

}  // namespace alpha
