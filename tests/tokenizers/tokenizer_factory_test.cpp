#include "alpha/tokenizers/tokenizer_factory.h"

#include <string>

#include "tests/tokenizers/random_text.h"
#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

TEST(TokenizerFactory, MakesEveryTokenizerItNames) {
  EXPECT_EQ(tokenizer_names().size(), 10U);
  for (const std::string_view name : tokenizer_names()) {
    const auto tokenizer = train_tokenizer(name, "the cat the hat");
    EXPECT_EQ(tokenizer->type(), name.substr(0, name.find('-')));
    EXPECT_EQ(tokenizer->decode(tokenizer->encode("the hat")), "the hat");
  }
}

TEST(TokenizerFactory, TakesTheSizeFromTheNameUnlessOneIsGiven) {
  test::Random rng(47);
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    text.push_back(static_cast<char>('a' + static_cast<char>(test::random_below(rng, 26))));
  }
  text += text;  // every pair occurs twice, so merges do not run out
  EXPECT_EQ(train_tokenizer("bpe", text)->vocab_size(), 2000);
  EXPECT_EQ(train_tokenizer("bpe-4k", text)->vocab_size(), 4000);
  EXPECT_EQ(train_tokenizer("bpe-4k", text, 512)->vocab_size(), 512);
  EXPECT_EQ(train_tokenizer("char", text, 512)->vocab_size(), 26);
}

TEST(TokenizerFactory, GivesTheChatTokenizersTheirRoles) {
  const auto chat = train_tokenizer("bpe-chat", "hi hi");
  const auto plain = train_tokenizer("bpe", "hi hi");
  EXPECT_TRUE(chat->special_token("<|user|>") && chat->special_token("<|assistant|>"));
  EXPECT_TRUE(chat->start_token());
  EXPECT_TRUE(plain->start_token());
  EXPECT_EQ(plain->special_token("<|user|>"), std::nullopt);
}

TEST(TokenizerFactory, ListsAllNamesAndTheNearestForAnUnknownOne) {
  try {
    train_tokenizer("bpe4k", "text");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(
        error.what(),
        "[tokenizer] unknown name: got 'bpe4k', expected one of char, word, bpe, bpe-4k, "
        "bpe-8k, bpe-16k, bpe-32k, bpe-64k, bpe-chat, bpe-chat-4k; did you mean 'bpe-4k'?");
  }
}

TEST(TokenizerFactory, RefusesASizeThatCannotBe) {
  EXPECT_THROW(train_tokenizer("bpe", "text", -1), Error);
  EXPECT_THROW(train_tokenizer("bpe", "text", 256), Error);
  EXPECT_THROW(train_tokenizer("bpe-chat", "text", 258), Error);
  EXPECT_EQ(train_tokenizer("bpe-chat", "text", 259)->vocab_size(), 259);
}

}  // namespace
}  // namespace alpha
