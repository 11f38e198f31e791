#include "alpha/tokenizers/pre_tokens.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace alpha {
namespace {

using Pieces = std::vector<std::string>;

Pieces split(std::string_view text) {
  Pieces pieces;
  for (std::size_t at = 0; at < text.size(); at += pieces.back().size()) {
    pieces.emplace_back(next_pre_token(text, at));
  }
  return pieces;
}

TEST(PreTokens, GiveTheSpaceToTheWordBehindIt) {
  EXPECT_EQ(split("Hello world 42 !!"), (Pieces{"Hello", " world", " 42", " !!"}));
}

TEST(PreTokens, SeparateLettersDigitsAndOthers) {
  EXPECT_EQ(split("abc123,.x9"), (Pieces{"abc", "123", ",.", "x", "9"}));
}

TEST(PreTokens, CutContractionsOffTheWord) {
  EXPECT_EQ(split("I'm you're we've he'll she'd it's don't"),
            (Pieces{"I", "'m", " you", "'re", " we", "'ve", " he", "'ll", " she", "'d", " it", "'s",
                    " don", "'t"}));
  EXPECT_EQ(split("'r 'S !'s '"), (Pieces{"'", "r", " '", "S", " !'", "s", " '"}));
}

TEST(PreTokens, LeaveTheLastSpaceOfARunToTheNextWord) {
  EXPECT_EQ(split("a   b"), (Pieces{"a", "  ", " b"}));
  EXPECT_EQ(split("a\n\nb"), (Pieces{"a", "\n", "\n", "b"}));
  EXPECT_EQ(split("a\n b"), (Pieces{"a", "\n", " b"}));
  EXPECT_EQ(split("a \t"), (Pieces{"a", " \t"}));
  EXPECT_EQ(split("   "), (Pieces{"   "}));
}

TEST(PreTokens, TreatNonAsciiTextAsLettersAndItsWhitespaceAsWhitespace) {
  EXPECT_EQ(split("na\u00efve \u65e5\u672c\U0001F600x"),
            (Pieces{"na\u00efve", " \u65e5\u672c\U0001F600x"}));
  EXPECT_EQ(split("a\u3000\u00A0b"), (Pieces{"a", "\u3000", "\u00A0", "b"}));
}

TEST(PreTokens, TreatBrokenUtf8AsOtherCharacters) {
  EXPECT_EQ(split("ab\xFF\xFE"
                  "cd \xE2\x82"),
            (Pieces{"ab", "\xFF\xFE", "cd", " \xE2\x82"}));
}

}  // namespace
}  // namespace alpha
