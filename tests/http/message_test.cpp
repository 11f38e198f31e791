#include "alpha/http/message.h"

#include <gtest/gtest.h>

namespace alpha::http {
namespace {

TEST(MessageTest, PercentsAreDecodedAndPlusIsASpaceInAQueryOnly) {
  EXPECT_EQ(decode_percent("a%20b%2Fc%c3%A9", false), "a b/c\xc3\xa9");
  EXPECT_EQ(decode_percent("a+b", false), "a+b");
  EXPECT_EQ(decode_percent("a+b%2B", true), "a b+");
  EXPECT_EQ(decode_percent("", true), "");
}

TEST(MessageTest, WhatDoesNotDecodeIsNone) {
  for (const char* text : {"%", "%2", "a%", "%g0", "%0g", "%%20", "%00", "a%00b"}) {
    EXPECT_EQ(decode_percent(text, false), std::nullopt) << text;
  }
  EXPECT_EQ(decode_percent(std::string_view("a\0b", 3), false), std::nullopt);
}

TEST(MessageTest, HeadersAreFoundInUpperAndLowerCase) {
  const Fields headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(find_header(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(find_header(headers, "Content"), std::nullopt);
}

TEST(MessageTest, ParametersAreFoundLetterByLetter) {
  const Fields query = {{"a", "1"}, {"A", "2"}, {"a", "3"}};
  EXPECT_EQ(find_parameter(query, "A"), "2");
  EXPECT_EQ(find_parameter(query, "a"), "1");
  EXPECT_EQ(find_parameter(query, "b"), std::nullopt);
}

TEST(MessageTest, AStatusHasAReason) {
  EXPECT_EQ(reason_of(429), "Too Many Requests");
  EXPECT_EQ(reason_of(299), "Unknown");
}

}  // namespace
}  // namespace alpha::http
