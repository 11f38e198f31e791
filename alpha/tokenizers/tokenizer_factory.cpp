#include "alpha/tokenizers/tokenizer_factory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "alpha/core/error.h"
#include "alpha/core/suggest.h"
#include "alpha/tokenizers/bpe_tokenizer.h"
#include "alpha/tokenizers/char_tokenizer.h"
#include "alpha/tokenizers/word_tokenizer.h"

namespace alpha {
namespace {

enum class Kind { character, word, bpe, chat_bpe };

struct Entry {
  std::string_view name;
  Kind kind;
  int vocab_size;  // 0: the text decides
};

constexpr std::array kEntries = {
    Entry{"char", Kind::character, 0},       Entry{"word", Kind::word, 0},
    Entry{"bpe", Kind::bpe, 2000},           Entry{"bpe-4k", Kind::bpe, 4000},
    Entry{"bpe-8k", Kind::bpe, 8000},        Entry{"bpe-16k", Kind::bpe, 16000},
    Entry{"bpe-32k", Kind::bpe, 32000},      Entry{"bpe-64k", Kind::bpe, 64000},
    Entry{"bpe-chat", Kind::chat_bpe, 2000}, Entry{"bpe-chat-4k", Kind::chat_bpe, 4000}};

constexpr auto kNames = [] {
  std::array<std::string_view, kEntries.size()> names;
  for (std::size_t i = 0; i < kEntries.size(); ++i) names[i] = kEntries[i].name;
  return names;
}();

const Entry& entry_named(std::string_view name) {
  const auto it = std::find_if(kEntries.begin(), kEntries.end(),
                               [&](const Entry& entry) { return entry.name == name; });
  if (it != kEntries.end()) return *it;
  fail_invalid("[tokenizer] unknown name: got '{}', expected one of {}{}", name,
               fmt::join(kNames, ", "), did_you_mean(name, kNames));
}

}  // namespace

std::span<const std::string_view> tokenizer_names() noexcept {
  return kNames;
}

std::unique_ptr<Tokenizer> train_tokenizer(std::string_view name, std::string_view text,
                                           int vocab_size) {
  const Entry& entry = entry_named(name);
  if (vocab_size < 0) {
    fail_invalid("[tokenizer] vocabulary size is negative: got {}, expected 0 or more", vocab_size);
  }
  if (entry.kind == Kind::character) return CharTokenizer::train(text);
  if (entry.kind == Kind::word) return WordTokenizer::train(text);
  std::vector<std::string> specials = {std::string(kEndOfText)};
  if (entry.kind == Kind::chat_bpe) {
    specials.emplace_back("<|user|>");
    specials.emplace_back("<|assistant|>");
  }
  return BpeTokenizer::train(text, vocab_size > 0 ? vocab_size : entry.vocab_size,
                             std::move(specials));
}

}  // namespace alpha
