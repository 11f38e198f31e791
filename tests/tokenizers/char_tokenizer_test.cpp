#include "alpha/tokenizers/char_tokenizer.h"

#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/core/json.h"

namespace alpha {
namespace {

using Ids = std::vector<TokenId>;

TEST(CharTokenizer, EncodesTheOriginalsVector) {
  const auto tokenizer = CharTokenizer::train("h\u00e9llo \U0001F600z");
  EXPECT_EQ(tokenizer->to_json().dump(),
            "{\"type\":\"char\",\"vocabSize\":7,\"vocab\":[\" "
            "\",\"h\",\"l\",\"o\",\"z\",\"\u00e9\",\"\U0001F600\"]}");
  EXPECT_EQ(tokenizer->encode("zoo\U0001F600\u00e9?"), (Ids{4, 3, 3, 6, 5}));
  EXPECT_EQ(tokenizer->decode(Ids{4, 3, 3, 6, 5}), "zoo\U0001F600\u00e9");
}

TEST(CharTokenizer, SortsAstralCharactersByTheirSurrogates) {
  const auto tokenizer = CharTokenizer::train("\uFB01\U0001F600\uD7FFa");
  EXPECT_EQ(tokenizer->piece(0), "a");
  EXPECT_EQ(tokenizer->piece(1), "\uD7FF");
  EXPECT_EQ(tokenizer->piece(2), "\U0001F600");
  EXPECT_EQ(tokenizer->piece(3), "\uFB01");
}

TEST(CharTokenizer, HasNoTokensForAnEmptyTextAndNoStartToken) {
  const auto tokenizer = CharTokenizer::train("ab");
  EXPECT_EQ(tokenizer->encode(""), Ids{});
  EXPECT_EQ(tokenizer->start_token(), std::nullopt);
}

TEST(CharTokenizer, RefusesToLearnFromAnEmptyText) {
  EXPECT_THROW(CharTokenizer::train(""), Error);
}

TEST(CharTokenizer, NamesTheByteOfBrokenText) {
  const auto tokenizer = CharTokenizer::train("ab");
  for (const bool is_training : {true, false}) {
    try {
      if (is_training) {
        CharTokenizer::train("ab\xE2\x82");
      } else {
        tokenizer->encode("ab\xE2\x82");
      }
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("at byte 2 of 4"), std::string::npos)
          << error.what();
    }
  }
}

TEST(CharTokenizer, RefusesIdsOutsideTheVocabularyWithTheNumbers) {
  const auto tokenizer = CharTokenizer::train("ab");
  for (const TokenId id : {-1, 2}) {
    try {
      tokenizer->decode(Ids{0, id});
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_EQ(std::string(error.what()),
                fmt::format(
                    "[tokenizer] token id is outside the vocabulary: got {}, expected 0 to 1", id));
    }
  }
}

}  // namespace
}  // namespace alpha
