#include <chrono>
#include <string>

#include "tests/grammar/grammar_testing.h"
#include <gtest/gtest.h>

namespace alpha {
namespace {

std::string compile_error(const Json& schema) {
  try {
    compile_json_schema(schema);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "";
}

TEST(GrammarLimits, RefuseASchemaOfManyBytes) {
  const Json schema = {{"const", std::string(70'000, 'a')}};
  EXPECT_EQ(compile_error(schema), "schema is too large, expected at most 65536 bytes");
  EXPECT_EQ(compile_error({{"enum", Json(std::vector<int>(1'000'000, 1))}}),
            "schema is too large, expected at most 65536 bytes");
}

TEST(GrammarLimits, RefuseSchemasInsideSchemas) {
  Json schema = {{"type", "integer"}};
  for (int i = 0; i < 31; ++i) schema = Json{{"items", std::move(schema)}};
  EXPECT_EQ(compile_error(schema), "");
  schema = Json{{"items", std::move(schema)}};
  EXPECT_TRUE(compile_error(schema).ends_with("schemas are nested too deep, expected at most 32"));
}

TEST(GrammarLimits, RefuseAHundredThousandLevelsAtOnce) {
  Json schema = true;
  for (int i = 0; i < 100'000; ++i) schema = Json::array({std::move(schema)});
  EXPECT_EQ(compile_error(schema), "schema: its JSON is nested too deep, expected at most 128");
}

TEST(GrammarLimits, RefuseManyStates) {
  EXPECT_EQ(error_of(R"({"const":"abcdefghijkl"})", {.max_states = 10}),
            "schema is too large: its automaton has more than 10 states");
}

TEST(GrammarLimits, RefuseManyWaysAtOnePlace) {
  Json properties = Json::object();
  for (int i = 0; i < 250; ++i) properties["p" + std::to_string(i)] = {{"type", "null"}};
  EXPECT_EQ(compile_error({{"properties", properties}}), "");
  for (int i = 250; i < 600; ++i) properties["p" + std::to_string(i)] = {{"type", "null"}};
  EXPECT_EQ(compile_error({{"properties", properties}}),
            "schema at the root: too many alternatives or optional properties in a row, expected "
            "at most 254");
  Json alternatives = Json::array();
  for (int i = 0; i < 300; ++i) alternatives.push_back({{"type", "string"}, {"maxLength", i}});
  EXPECT_TRUE(compile_error({{"anyOf", alternatives}}).starts_with("schema at the root: too many"));
}

TEST(GrammarLimits, RefuseTextThatIsNotUtf8) {
  EXPECT_EQ(compile_error({{"const", "\xFF"}}), "schema: a text in it is not valid UTF-8");
  EXPECT_EQ(compile_error({{"properties", {{"\xFF", true}}}}),
            "schema: a text in it is not valid UTF-8");
  EXPECT_EQ(compile_error({{"const", std::numeric_limits<double>::infinity()}}),
            "schema: a value in it cannot be written as JSON");
}

TEST(GrammarLimits, ShortenWhatMessagesShow) {
  const std::string keyword = std::string(59, 'x') + "ééééé";
  EXPECT_EQ(compile_error(Json{{keyword, 1}}),
            "schema at the root: keyword '" + std::string(59, 'x') + "…' is not supported");
  Json schema = {{"x", 1}};
  for (int i = 0; i < 20; ++i) {
    schema = Json{{"properties", Json{{std::string(50, 'a'), std::move(schema)}}}};
  }
  EXPECT_LT(compile_error(schema).size(), 400U);
}

TEST(GrammarLimits, KeepValuesFromNestingTooDeep) {
  const auto grammar = compile(R"({"type":"array"})");
  const std::string open(32, '[');
  EXPECT_TRUE(accepts(grammar, open + std::string(32, ']')));
  EXPECT_FALSE(accepts(grammar, open + "[" + std::string(33, ']')));
  // The last level that fits must leave room for what is required inside.
  const auto tree = compile(R"({"properties":{"a":{"type":"array","items":{"$ref":"#"}}},
                                "required":["a"]})");
  std::string text;
  for (int i = 0; i < 16; ++i) text += R"({"a":[)";
  EXPECT_FALSE(accepts(tree, text + "{"));
  for (int i = 0; i < 16; ++i) text += "]}";
  EXPECT_TRUE(accepts(tree, text));
}

/// Every level can be read in two ways, which differ only when it ends.
Json two_ways_a_level() {
  return parse_json(R"({"$ref":"#/$defs/t","$defs":{"t":{"anyOf":[{"type":"string"},{"type":"null"},
      {"properties":{"a":{"$ref":"#/$defs/t"},"b":{"const":1}},"required":["a","b"]},
      {"properties":{"a":{"$ref":"#/$defs/t"},"c":{"const":2}},"required":["a","c"]}]}}})",
                    "test");
}

TEST(GrammarLimits, BoundTheReadingsOfAnAmbiguousText) {
  GrammarMatcher matcher(compile_json_schema(two_ways_a_level()), byte_trie());
  std::string text;
  for (int i = 0; i < 30; ++i) text += R"({"a":)";
  text += "\"x";
  for (const char byte : text) {
    ASSERT_TRUE(matcher.is_allowed(byte));
    matcher.accept(byte);
  }
  std::mt19937_64 rng(3);
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(Json::accept(text + random_text(matcher, *byte_trie(), rng, 10)));
  }
}

TEST(GrammarLimits, DoNotMultiplyReferencesToTheSame) {
  Json definitions = Json::object();
  for (int i = 0; i < 40; ++i) {
    const Json next = {{"$ref", "#/$defs/d" + std::to_string(i + 1)}};
    definitions["d" + std::to_string(i)] = {{"anyOf", {next, {{"anyOf", {next, next}}}}}};
  }
  definitions["d40"] = {{"const", 1}};
  const auto grammar = compile_json_schema({{"$ref", "#/$defs/d0"}, {"$defs", definitions}});
  EXPECT_TRUE(accepts(grammar, "1"));
}

}  // namespace
}  // namespace alpha
