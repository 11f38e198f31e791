#include "alpha/tokenizers/word_tokenizer.h"

#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/core/json.h"

namespace alpha {
namespace {

using Ids = std::vector<TokenId>;

TEST(WordTokenizer, EncodesTheOriginalsVector) {
  const auto tokenizer = WordTokenizer::train("Em7 G  Dsus4\nAm F C G\n");
  EXPECT_EQ(tokenizer->to_json().dump(),
            R"({"type":"word","vocabSize":7,"vocab":["\n","Am","C","Dsus4","Em7","F","G"]})");
  const Ids ids = tokenizer->encode("G F\n\nAm zz C");
  EXPECT_EQ(ids, (Ids{6, 5, 0, 0, 1, 2}));
  EXPECT_EQ(tokenizer->decode(ids), "G F\n\nAm C");
}

TEST(WordTokenizer, CutsAtAllWhitespaceThatJavaScriptKnows) {
  const auto tokenizer = WordTokenizer::train("a\tb\r\nc\u00A0d\u3000e\uFEFFf x\u0085y");
  EXPECT_EQ(tokenizer->vocab_size(), 8);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("a\tb\r\n c\u00A0d\u3000e\uFEFFf x\u0085y")),
            "a b\nc d e f x\u0085y");
}

TEST(WordTokenizer, KeepsNewlinesAtBothEnds) {
  const auto tokenizer = WordTokenizer::train("a b");
  EXPECT_EQ(tokenizer->encode("\na\n"), (Ids{0, 1, 0}));
  EXPECT_EQ(tokenizer->decode(Ids{0, 1, 0}), "\na\n");
}

TEST(WordTokenizer, RefusesToLearnFromATextWithoutWords) {
  EXPECT_THROW(WordTokenizer::train(""), Error);
  EXPECT_THROW(WordTokenizer::train(" \n\t"), Error);
}

TEST(WordTokenizer, NamesTheByteOfBrokenText) {
  try {
    WordTokenizer::train("ab \xFF");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("at byte 3 of 4"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace alpha
