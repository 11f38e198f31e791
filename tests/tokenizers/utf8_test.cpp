#include "alpha/tokenizers/utf8.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

TEST(Utf8, EveryScalarValueSurvivesWritingAndReading) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, code_point);
    const Utf8Char c = decode_utf8(text, 0);
    ASSERT_EQ(c.code_point, code_point);
    ASSERT_EQ(static_cast<std::size_t>(c.length), text.size());
    ASSERT_EQ(c.status, Utf8Status::ok);
  }
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndValuesAboveTheLast) {
  for (const std::string_view text :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5", "\x80", "\xFF"}) {
    EXPECT_EQ(decode_utf8(text, 0).status, Utf8Status::invalid);
    EXPECT_EQ(decode_utf8(text, 0).length, 1);
  }
}

TEST(Utf8, TellsACutSequenceFromABrokenOne) {
  EXPECT_EQ(decode_utf8("\xF0\x9F\x98", 0).status, Utf8Status::truncated);
  EXPECT_EQ(decode_utf8("\xF0\x9F\x98", 0).length, 3);
  EXPECT_EQ(decode_utf8("\xF0\x9Fz", 0).status, Utf8Status::invalid);
  EXPECT_EQ(decode_utf8("\xF0\x9Fz", 0).length, 2);
}

TEST(Utf8, ReplacesEachBrokenSequenceByOneMark) {
  EXPECT_EQ(replace_invalid_utf8("a\xF0\x9F\x98z\xFF\xE2\x82"), "a\uFFFDz\uFFFD\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("h\u00e9llo \U0001F600"), "h\u00e9llo \U0001F600");
}

TEST(Utf8, NamesTheByteWhereTextBreaks) {
  std::size_t at = 3;
  try {
    next_code_point("abc\xFFz", at, "char tokenizer");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(error.what(),
                 "[char tokenizer] text is not UTF-8 at byte 3 of 5: got 0xff, expected a valid "
                 "sequence");
  }
}

TEST(Utf8, SortsAsUtf16CodeUnitsDo) {
  EXPECT_TRUE(utf16_less("a", "b"));
  EXPECT_TRUE(utf16_less("a", "ab"));
  EXPECT_FALSE(utf16_less("ab", "ab"));
  EXPECT_TRUE(utf16_less("\U0001F600", "\uFB01")) << "a surrogate pair comes before U+E000";
  EXPECT_FALSE(utf16_less("\uFB01", "\U0001F600"));
  EXPECT_TRUE(utf16_less("\U0001F600", "\U0001F601")) << "the low surrogate decides";
  EXPECT_TRUE(utf16_less("\uD7FF", "\U0001F600"));
}

}  // namespace
}  // namespace alpha
