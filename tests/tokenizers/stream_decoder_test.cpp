#include "alpha/tokenizers/stream_decoder.h"

#include <string>
#include <vector>

#include "tests/tokenizers/random_text.h"
#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/tokenizers/bpe_tokenizer.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

using Ids = std::vector<TokenId>;

// Feeds all ids and expects valid UTF-8 at each step.
std::string stream(const Tokenizer& tokenizer, const Ids& ids) {
  StreamDecoder decoder(tokenizer);
  std::string all;
  for (const TokenId id : ids) {
    const std::string text = decoder.feed(id);
    EXPECT_TRUE(is_valid_utf8(text));
    all += text;
  }
  return all + decoder.flush();
}

TEST(StreamDecoder, HoldsACharacterBackUntilItIsComplete) {
  const auto tokenizer = BpeTokenizer::train("", 257);
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.feed('a'), "a");
  EXPECT_EQ(decoder.feed(0xE2), "");
  EXPECT_EQ(decoder.feed(0x82), "");
  EXPECT_EQ(decoder.feed(0xAC), "\u20AC");
  EXPECT_EQ(decoder.flush(), "");
}

TEST(StreamDecoder, ReplacesBrokenBytesAsSoonAsTheyAreKnownToBeBroken) {
  const auto tokenizer = BpeTokenizer::train("", 257);
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.feed(0xFF), "\uFFFD");
  EXPECT_EQ(decoder.feed(0xE2), "");
  EXPECT_EQ(decoder.feed('z'), "\uFFFDz");
  EXPECT_EQ(decoder.feed(0xE2), "");
  EXPECT_EQ(decoder.flush(), "\uFFFD");
  EXPECT_EQ(decoder.flush(), "");
}

TEST(StreamDecoder, JoinsToDecodeForEveryTokenizer) {
  test::Random rng(41);
  const std::string text = test::random_text(rng, 3000);
  for (const std::string_view name : {"char", "word", "bpe"}) {
    const auto tokenizer = train_tokenizer(name, text, 300);
    for (int i = 0; i < 50; ++i) {
      const Ids ids = tokenizer->encode(test::random_text(rng, 40));
      ASSERT_EQ(stream(*tokenizer, ids), tokenizer->decode(ids)) << name;
    }
  }
}

TEST(StreamDecoder, JoinsToDecodeWithMarksForRandomTokens) {
  test::Random rng(43);
  const auto tokenizer = BpeTokenizer::train(test::random_text(rng, 3000), 300);
  for (int i = 0; i < 200; ++i) {
    Ids ids;
    for (int j = 0; j < 30; ++j) ids.push_back(static_cast<TokenId>(test::random_below(rng, 300)));
    ASSERT_EQ(stream(*tokenizer, ids), replace_invalid_utf8(tokenizer->decode(ids)));
  }
}

TEST(StreamDecoder, PutsASpaceBetweenAPromptAndTheWordBehindIt) {
  const auto tokenizer = train_tokenizer("word", "G C\n");
  const Ids ids = tokenizer->encode("G\nC G");
  ASSERT_EQ(ids.size(), 4U);
  StreamDecoder after_word(*tokenizer, ids[0]);
  EXPECT_EQ(after_word.feed(ids[2]), " C");
  EXPECT_EQ(after_word.feed(ids[1]), "\n");
  EXPECT_EQ(after_word.feed(ids[0]), "G");
  StreamDecoder from_nothing(*tokenizer);
  EXPECT_EQ(from_nothing.feed(ids[2]), "C");
}

TEST(StreamDecoder, RefusesAnIdOutsideTheVocabularyAndStaysUsable) {
  const auto tokenizer = train_tokenizer("word", "G C");
  StreamDecoder decoder(*tokenizer);
  EXPECT_EQ(decoder.feed(1), "C");
  EXPECT_THROW(decoder.feed(3), Error);
  EXPECT_EQ(decoder.feed(2), " G");
}

}  // namespace
}  // namespace alpha
