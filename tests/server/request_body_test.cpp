#include "alpha/server/request_body.h"

#include <chrono>

#include <gtest/gtest.h>

namespace alpha {
namespace {

/// "param: message" of the refusal.
std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 400);
    return error.param + ": " + error.what();
  }
  return "accepted";
}

std::string refusal_of_body(const std::string& body) {
  return refusal([&] { parse_request_body(body); });
}

TEST(RequestBody, SaysWhyItIsNoObject) {
  EXPECT_EQ(refusal_of_body(""), ": the body is empty, expected a JSON object");
  EXPECT_EQ(refusal_of_body("[1]"), ": the body is array, expected a JSON object");
  EXPECT_NE(refusal_of_body("{\"a\": }").find("the body is no JSON"), std::string::npos);
  EXPECT_NE(refusal_of_body("{\"a\": \"\xff\"}").find("UTF-8"), std::string::npos);
  EXPECT_NE(refusal_of_body("{\"a\": 1e999}").find("the body is no JSON"), std::string::npos);
}

TEST(RequestBody, RefusesMoreThanItMayHave) {
  try {
    parse_request_body("{\"a\":\"" + std::string(kMaxJsonBytes, 'x') + "\"}");
    FAIL() << "a body of more than the limit";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 413);
    EXPECT_STREQ(error.what(), "the body has 1048584 bytes, expected at most 1048576");
  }
}

TEST(RequestBody, RefusesDeepNestingWithoutParsingIt) {
  EXPECT_EQ(refusal_of_body(std::string(100'000, '[')),
            ": the JSON is nested deeper than 64 at byte 64");
  EXPECT_EQ(refusal_of_body("{\"a\":\"" + std::string(1000, '[') + "\"}"), "accepted");
}

TEST(RequestBody, RefusesObjectsWhoseFieldsWouldTakeLongToCompare) {
  std::string body = "{";
  for (int i = 0; i < 60'000; ++i) body += fmt::format("\"{}\":1,", i);
  body += "\"x\":1}";
  EXPECT_EQ(refusal_of_body(body), ": the JSON has objects with too many fields");
  std::string fine = "{";
  for (int i = 0; i < 3000; ++i) fine += fmt::format("\"{}\":1,", i);
  EXPECT_EQ(refusal_of_body(fine + "\"x\":1}"), "accepted");
}

TEST(RequestFields, TakeNumbersInTheirRange) {
  const Json body = Json::parse(R"({"a": 1.5, "b": "1", "c": 3, "d": 3.0, "e": null,
                                    "f": 9223372036854775807, "g": 1e308})");
  RequestFields fields(body);
  EXPECT_EQ(fields.number("a", 0, 2), 1.5);
  EXPECT_EQ(refusal([&] { fields.number("a", 0, 1); }),
            "a: 'a' is 1.5, expected a number from 0 to 1");
  EXPECT_EQ(refusal([&] { fields.number("b", 0, 2); }),
            "b: 'b' is \"1\", expected a number from 0 to 2");
  EXPECT_EQ(fields.integer("c", 0, 3), 3);
  EXPECT_EQ(fields.integer("d", 0, 3), 3);
  EXPECT_EQ(refusal([&] { fields.integer("a", 0, 3); }),
            "a: 'a' is 1.5, expected a whole number from 0 to 3");
  EXPECT_EQ(fields.integer("e", 0, 3), std::nullopt);
  EXPECT_EQ(fields.integer("missing", 0, 3), std::nullopt);
  EXPECT_EQ(fields.integer("f", 0, std::numeric_limits<std::int64_t>::max()),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_NE(refusal([&] { fields.integer("g", 0, 3); }), "accepted");
}

TEST(RequestFields, TakeATextOrAListOfTexts) {
  const Json body = Json::parse(R"({"one": "x", "many": ["a", "b"], "mixed": ["a", 1]})");
  RequestFields fields(body);
  EXPECT_EQ(fields.texts("one", 2, 10), std::vector<std::string>{"x"});
  EXPECT_EQ(fields.texts("many", 2, 10), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(refusal([&] { fields.texts("many", 1, 10); }),
            "many: 'many' is a list of 2, expected a text or a list of at most 1");
  EXPECT_EQ(refusal([&] { fields.texts("mixed", 2, 10); }),
            "mixed: 'mixed' has 1 at place 1, expected a text of at most 10 bytes");
}

TEST(RequestFields, RefuseWhatAsksForSomething) {
  const Json body = Json::parse(R"({"a": null, "b": false, "c": [], "d": "auto", "e": ["x"]})");
  RequestFields fields(body);
  for (const char* name : {"a", "b", "c"}) fields.refuse(name, "why");
  fields.refuse("d", "why", {"auto"});
  EXPECT_EQ(refusal([&] { fields.refuse("e", "why"); }), "e: 'e' is not supported: why");
}

TEST(RequestFields, KnowWhatNobodyAskedFor) {
  const Json body = Json::parse(R"({"model": "a", "tempature": 1, "n": 1})");
  RequestFields fields(body);
  fields.text("model", 10);
  fields.integer("n", 1, 2);
  EXPECT_EQ(fields.unknown(), std::vector<std::string>{"tempature"});
}

}  // namespace
}  // namespace alpha
