#include "alpha/core/json.h"

#include <gtest/gtest.h>

namespace alpha {
namespace {

std::string message_of(const std::string& text) {
  try {
    parse_json(text, "file");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ParseJson, NamesTheByteWhereItIsNoJson) {
  EXPECT_EQ(message_of("{\"a\": }"), "file: not valid JSON at byte 7");
}

TEST(ParseJson, RefusesWhatIsNestedTooDeep) {
  const std::string open(200'000, '[');
  const std::string close(200'000, ']');
  EXPECT_EQ(message_of(open + close), "file: the JSON is nested 200000 deep, expected at most 128");
  EXPECT_EQ(message_of(std::string(128, '[') + std::string(128, ']')), "");
}

TEST(ParseJson, DoesNotCountBracketsInStrings) {
  EXPECT_EQ(message_of("[\"" + std::string(300, '[') + "\\\"" + std::string(300, '{') + "\"]"), "");
}

}  // namespace
}  // namespace alpha
