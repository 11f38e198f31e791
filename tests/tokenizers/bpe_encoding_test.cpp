#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tokenizers/random_text.h"
#include <gtest/gtest.h>

#include "alpha/core/clock.h"
#include "alpha/tokenizers/bpe_tokenizer.h"
#include "alpha/tokenizers/pre_tokens.h"

namespace alpha {
namespace {

using Ids = std::vector<TokenId>;
using test::random_bytes;
using test::random_text;

std::unique_ptr<BpeTokenizer> trained_on_random_text(int vocab_size = 400) {
  test::Random rng(5);
  return BpeTokenizer::train(random_text(rng, 5000), vocab_size);
}

// The definition: find the pair of lowest rank, replace its leftmost place, until there is none.
Ids encode_naively(const BpeTokenizer& tokenizer, std::string_view text) {
  std::map<BpeMerge, int> rank_of;
  for (const BpeMerge& merge : tokenizer.merges()) {
    rank_of.emplace(merge, static_cast<int>(rank_of.size()));
  }
  const int first_merge_id = tokenizer.vocab_size() - static_cast<int>(rank_of.size());
  Ids all;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view pre_token = next_pre_token(text, at);
    at += pre_token.size();
    Ids ids;
    for (const char byte : pre_token) ids.push_back(static_cast<unsigned char>(byte));
    while (true) {
      std::size_t best = ids.size();
      int best_rank = static_cast<int>(rank_of.size());
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
        const auto it = rank_of.find({ids[i], ids[i + 1]});
        if (it == rank_of.end() || it->second >= best_rank) continue;
        best = i;
        best_rank = it->second;
      }
      if (best == ids.size()) break;
      ids[best] = first_merge_id + best_rank;
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
    all.insert(all.end(), ids.begin(), ids.end());
  }
  return all;
}

TEST(BpeEncoding, EqualsTheNaiveDefinitionOnRandomText) {
  const auto tokenizer = trained_on_random_text();
  ASSERT_EQ(tokenizer->vocab_size(), 400);
  test::Random rng(11);
  std::size_t n_bytes = 0;
  std::size_t n_tokens = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = i % 3 == 0 ? random_bytes(rng, 60) : random_text(rng, 80);
    const Ids ids = tokenizer->encode(text);
    ASSERT_EQ(ids, encode_naively(*tokenizer, text)) << text;
    n_bytes += text.size();
    n_tokens += ids.size();
  }
  EXPECT_LT(n_tokens, n_bytes * 3 / 4) << "too few merges apply for this test to mean something";
}

TEST(BpeEncoding, EqualsTheNaiveDefinitionOnRunsOfOneCharacter) {
  const auto tokenizer =
      BpeTokenizer::train(std::string(64, 'a') + " " + std::string(33, '-'), 270);
  for (std::size_t n = 1; n < 70; ++n) {
    const std::string text = std::string(n, 'a') + " " + std::string(n, '-');
    ASSERT_EQ(tokenizer->encode(text), encode_naively(*tokenizer, text)) << n;
  }
}

TEST(BpeEncoding, RoundTripsEveryByteString) {
  const auto tokenizer = trained_on_random_text();
  test::Random rng(3);
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_bytes(rng, static_cast<std::size_t>(i));
    ASSERT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
  }
}

TEST(BpeEncoding, RoundTripsMultiByteText) {
  const auto tokenizer = trained_on_random_text();
  const std::string text =
      "Na\u00efve \u65e5\u672c\u8a9e\u3000\U0001F600\U0001F469\u200D\U0001F680 "
      "\u0434\u0430\r\n\tend ";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
}

TEST(BpeEncoding, HasNoTokensForAnEmptyText) {
  EXPECT_EQ(trained_on_random_text()->encode(""), Ids{});
}

TEST(BpeEncoding, ReusesEarlierResultsOfACallWithoutChangingThem) {
  const auto tokenizer = trained_on_random_text();
  test::Random rng(9);
  const std::string text = random_text(rng, 30) + " ";
  std::string repeated;
  for (int i = 0; i < 50; ++i) repeated += text;
  EXPECT_EQ(tokenizer->encode(repeated), encode_naively(*tokenizer, repeated));
}

TEST(BpeEncoding, KeepsSpecialTokensAsTextUnlessTheyAreAllowed) {
  const auto tokenizer =
      BpeTokenizer::train("x", 259, {"<|user|>", "<|end_of_text|>", "<|user|>!"});
  EXPECT_EQ(tokenizer->special_token("<|end_of_text|>"), 256);
  EXPECT_EQ(tokenizer->special_token("<|user|>!"), 257);
  EXPECT_EQ(tokenizer->special_token("<|user|>"), 258);
  EXPECT_EQ(tokenizer->special_token("<|nobody|>"), std::nullopt);
  EXPECT_EQ(tokenizer->start_token(), 256);
  const std::string text = "a<|user|><|user|>!b<|end_of_text|>";
  EXPECT_EQ(tokenizer->encode(text, SpecialTokens::allowed), (Ids{'a', 258, 257, 'b', 256}));
  EXPECT_EQ(tokenizer->encode(text), Ids(text.begin(), text.end()));
  EXPECT_EQ(tokenizer->decode(Ids{'a', 258, 257, 'b', 256}), text);
}

TEST(BpeEncoding, DoesNotMergeAcrossASpecialToken) {
  const auto tokenizer = BpeTokenizer::train("abab abab", 258);
  ASSERT_EQ(tokenizer->piece(257), "ab");
  EXPECT_EQ(tokenizer->encode("a<|end_of_text|>b", SpecialTokens::allowed), (Ids{'a', 256, 'b'}));
}

TEST(BpeEncoding, TakesLessThanASecondForAMegabyteWithoutSpaces) {
  const auto tokenizer = trained_on_random_text();
  test::Random rng(17);
  std::string text;
  while (text.size() < (1U << 20U)) text += "ab" + std::string(test::random_below(rng, 6), 'a');
  const SystemClock clock;
  const double begin = clock.cpu_seconds();
  const Ids ids = tokenizer->encode(text);
  const double seconds = clock.cpu_seconds() - begin;
  EXPECT_LT(ids.size(), text.size() / 2);
  EXPECT_EQ(tokenizer->decode(ids), text);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(NDEBUG)
  EXPECT_LT(seconds, 1.0);
#else
  EXPECT_LT(seconds, 20.0);
#endif
}

}  // namespace
}  // namespace alpha
