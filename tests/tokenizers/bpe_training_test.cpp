#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tokenizers/random_text.h"
#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/tokenizers/bpe_tokenizer.h"
#include "alpha/tokenizers/bpe_trainer.h"
#include "alpha/tokenizers/pre_tokens.h"

namespace alpha {
namespace {

using Merges = std::vector<BpeMerge>;

// The definition: count all pairs, take the most frequent, replace it everywhere, again and again.
Merges learn_naively(std::string_view text, int n_merges, TokenId first_merge_id) {
  std::vector<std::vector<TokenId>> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view pre_token = next_pre_token(text, at);
    at += pre_token.size();
    std::vector<TokenId>& word = words.emplace_back();
    for (const char byte : pre_token) word.push_back(static_cast<unsigned char>(byte));
  }
  Merges merges;
  while (static_cast<int>(merges.size()) < n_merges) {
    std::map<BpeMerge, std::int64_t> counts;
    for (const auto& word : words) {
      for (std::size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    }
    BpeMerge best;
    std::int64_t best_count = 1;
    for (const auto& [pair, count] : counts) {
      if (count <= best_count) continue;
      best = pair;
      best_count = count;
    }
    if (best_count < 2) break;
    const TokenId merged = first_merge_id + static_cast<TokenId>(merges.size());
    for (auto& word : words) {
      std::vector<TokenId> shorter;
      for (std::size_t i = 0; i < word.size(); ++i) {
        const bool is_pair = i + 1 < word.size() && BpeMerge{word[i], word[i + 1]} == best;
        shorter.push_back(is_pair ? merged : word[i]);
        if (is_pair) ++i;
      }
      word = shorter;
    }
    merges.push_back(best);
  }
  return merges;
}

TEST(BpeTraining, EqualsTheNaiveDefinitionOnRandomText) {
  test::Random rng(23);
  for (int i = 0; i < 20; ++i) {
    const std::string text = test::random_text(rng, 400);
    ASSERT_EQ(learn_bpe_merges(text, {}, 120, 256), learn_naively(text, 120, 256)) << text;
  }
}

TEST(BpeTraining, EqualsTheNaiveDefinitionOnLongWordsOfFewLetters) {
  test::Random rng(29);
  for (std::size_t n_letters = 1; n_letters <= 3; ++n_letters) {
    std::string text;
    for (int i = 0; i < 3000; ++i) {
      text.push_back(
          static_cast<char>('a' + static_cast<char>(test::random_below(rng, n_letters))));
    }
    const Merges merges = learn_bpe_merges(text, {}, 200, 256);
    EXPECT_EQ(merges, learn_naively(text, 200, 256));
    EXPECT_GE(merges.size(), 10U);
  }
}

TEST(BpeTraining, BreaksTiesByTheSmallerLeftAndThenTheSmallerRight) {
  EXPECT_EQ(learn_bpe_merges("dc!dc?ba!bc?ba!bc?", {}, 3, 256),
            (Merges{{'b', 'a'}, {'b', 'c'}, {'d', 'c'}}));
}

TEST(BpeTraining, StopsWhenNoPairOccursTwice) {
  EXPECT_EQ(learn_bpe_merges("abc", {}, 100, 256), Merges{});
  EXPECT_EQ(learn_bpe_merges("ab ab", {}, 100, 256), (Merges{{'a', 'b'}}));
  EXPECT_EQ(BpeTokenizer::train("", 4000)->vocab_size(), 257);
}

TEST(BpeTraining, LearnsNothingFromSpecialTokens) {
  const std::vector<std::string> specials = {"<|x|>"};
  EXPECT_EQ(learn_bpe_merges("<|x|><|x|><|x|>cd<|x|>cd", specials, 100, 257), (Merges{{'c', 'd'}}));
}

TEST(BpeTraining, GivesTheSameTokenizerEachTime) {
  test::Random rng(31);
  const std::string text = test::random_text(rng, 20000);
  EXPECT_EQ(BpeTokenizer::train(text, 600)->fingerprint(),
            BpeTokenizer::train(text, 600)->fingerprint());
  EXPECT_NE(BpeTokenizer::train(text, 600)->fingerprint(),
            BpeTokenizer::train(text, 599)->fingerprint());
}

TEST(BpeTraining, RefusesAVocabularyBelowItsBytesAndSpecialTokens) {
  try {
    BpeTokenizer::train("abc", 256);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(
        error.what(),
        "[bpe tokenizer] vocabulary is too small: got 256, expected at least 257 (256 bytes "
        "and 1 special tokens)");
  }
}

TEST(BpeTraining, RefusesSpecialTokensThatAreTooShortOrNotText) {
  EXPECT_THROW(BpeTokenizer::train("abc", 300, {"x"}), Error);
  EXPECT_THROW(BpeTokenizer::train("abc", 300, {""}), Error);
  EXPECT_THROW(BpeTokenizer::train("abc", 300, {"\xFF\xFE"}), Error);
}

}  // namespace
}  // namespace alpha
