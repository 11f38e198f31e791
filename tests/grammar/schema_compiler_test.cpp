#include <string>
#include <vector>

#include "tests/grammar/grammar_testing.h"
#include <gtest/gtest.h>

#include "alpha/grammar/grammar.h"

namespace alpha {
namespace {

void expect_language(const std::string& schema, const std::vector<std::string>& in,
                     const std::vector<std::string>& out) {
  const auto grammar = compile(schema);
  for (const std::string& text : in) EXPECT_TRUE(accepts(grammar, text)) << schema << ' ' << text;
  for (const std::string& text : out) EXPECT_FALSE(accepts(grammar, text)) << schema << ' ' << text;
}

TEST(SchemaCompiler, KnowsTheTypes) {
  expect_language(R"({"type":"null"})", {"null"}, {"", "nul", "nulls", "true", " null"});
  expect_language(R"({"type":"boolean"})", {"true", "false"}, {"null", "True"});
  expect_language(R"({"type":"string"})", {R"("")", R"("a b")"}, {"a", R"("a)", R"("a"")"});
  expect_language(R"({"type":"array"})", {"[]", R"([1,"a", null,[{}]])"},
                  {"[", "[1,]", "[,1]", "[ 1]", "[1 ]", "[1,  2]", "{}"});
  expect_language(R"({"type":"object"})", {"{}", R"({"a":1})", R"({"a": {"b": []}, "c":2})"},
                  {"{", "[]", R"({"a"})", R"({"a":})", R"({"a":1,})", "{a:1}", R"({ "a":1})"});
}

TEST(SchemaCompiler, TakesAListOfTypes) {
  expect_language(R"({"type":["string","null"]})", {"null", R"("null")"}, {"1", "{}"});
  expect_language(R"({"type":["integer","number"]})", {"1", "1.5"}, {"null"});
  EXPECT_EQ(error_of(R"({"type":[]})"), "schema at the root: keyword 'type' names no type");
  EXPECT_EQ(error_of(R"({"type":"text"})"),
            "schema at the root: keyword 'type' is \"text\", expected null, boolean, integer, "
            "number, string, array or object");
}

TEST(SchemaCompiler, AddsNullToTheTypesOfWhatIsNullable) {
  expect_language(R"({"type":"boolean","nullable":true})", {"true", "null"}, {"1"});
  expect_language(R"({"type":"boolean","nullable":false})", {"true"}, {"null"});
  expect_language(R"({"type":"string","nullable":true,"enum":["a",null,1]})", {R"("a")", "null"},
                  {"1"});
  EXPECT_EQ(error_of(R"({"type":"boolean","nullable":1})"),
            "schema at the root: keyword 'nullable' is neither true nor false");
}

TEST(SchemaCompiler, BoundsTheDigitsOfNumbers) {
  const std::string fifteen(15, '9');
  expect_language(R"({"type":"integer"})", {"0", "-1", "10", fifteen, "-" + fifteen},
                  {"", "-", "01", "00", "+1", "1.0", "1e2", fifteen + "9"});
  expect_language(
      R"({"type":"number"})",
      {"0", "-0", "0.5", "-1.25e-7", "1E+10", "12e3", fifteen + "." + fifteen + "e99"},
      {"", ".5", "5.", "1e", "1e+", "1e100", "01.5", "--1", "0." + fifteen + "9", fifteen + "9"});
}

TEST(SchemaCompiler, KeepsIntegersWithinTheirBounds) {
  expect_language(R"({"type":"integer","minimum":-12,"maximum":105})",
                  {"-12", "-9", "-1", "0", "7", "10", "99", "100", "105"},
                  {"-13", "-20", "-100", "106", "110", "200", "1000", "-0"});
  expect_language(R"({"type":"integer","exclusiveMinimum":7,"exclusiveMaximum":10})", {"8", "9"},
                  {"7", "10", "80"});
  expect_language(R"({"type":"integer","minimum":987})", {"987", "1000", "999999999999999"},
                  {"986", "98", "0", "-987"});
  expect_language(R"({"type":"integer","maximum":-5})", {"-5", "-50"}, {"-4", "0", "5"});
  expect_language(R"({"minimum":3,"maximum":1e30})", {"3"}, {"2", "3.5", R"("3")"});
  EXPECT_EQ(error_of(R"({"type":"integer","minimum":3,"maximum":2})"),
            "schema at the root: no integer of at most 15 digits is in its bounds");
  EXPECT_EQ(error_of(R"({"type":"integer","minimum":1e18})"),
            "schema at the root: no integer of at most 15 digits is in its bounds");
  EXPECT_EQ(error_of(R"({"type":"integer","minimum":0.5})"),
            "schema at the root: keyword 'minimum' is not an integer");
  EXPECT_EQ(error_of(R"({"type":"number","minimum":1})"),
            "schema at the root: keyword 'minimum' is supported for type 'integer' alone");
  EXPECT_EQ(error_of(R"({"type":["integer","number"],"minimum":1})"),
            "schema at the root: keyword 'minimum' is supported for type 'integer' alone");
}

TEST(SchemaCompiler, AgreesWithEveryIntegerOfRandomBounds) {
  std::mt19937_64 rng(5);
  for (int trial = 0; trial < 60; ++trial) {
    int min = static_cast<int>(rng() % 1400) - 700;
    int max = static_cast<int>(rng() % 1400) - 700;
    if (min > max) std::swap(min, max);
    const auto grammar =
        compile_json_schema(Json{{"type", "integer"}, {"minimum", min}, {"maximum", max}});
    for (int n = -720; n <= 720; n += 1 + static_cast<int>(rng() % 5)) {
      EXPECT_EQ(accepts(grammar, std::to_string(n)), min <= n && n <= max) << n << min << max;
    }
  }
}

TEST(SchemaCompiler, WritesPropertiesInTheOrderOfTheSchema) {
  expect_language(R"({"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"null"}},
                      "required":["a","b"],"additionalProperties":false})",
                  {R"({"b":1,"a":null})", R"({"b": 1, "a": null})", R"({"b":1, "a":null})"},
                  {"{}", R"({"b":1})", R"({"a":null,"b":1})", R"({"b":1,"a":null,"b":1})",
                   R"({"b":1 ,"a":null})", R"({"b":1,"a":null,"c":1})", R"({"b":null,"a":null})"});
}

TEST(SchemaCompiler, LeavesOutWhatIsNotRequired) {
  const std::string properties =
      R"({"properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}})";
  expect_language(properties + "}",
                  {"{}", R"({"a":1})", R"({"b":2})", R"({"c":3})", R"({"a":1,"c":3})",
                   R"({"b":2, "c":3})", R"({"a":1,"b":2,"c":3})"},
                  {R"({"a":1,})", R"({,"b":2})", R"({"b":2,"a":1})", R"({"a":1,"a":1})"});
  expect_language(properties + R"(,"required":["b"]})",
                  {R"({"b":2})", R"({"a":1,"b":2})", R"({"b":2,"c":3})"},
                  {"{}", R"({"a":1})", R"({"a":1,"c":3})"});
  expect_language(R"({"properties":{}})", {"{}"}, {R"({"a":1})"});
}

TEST(SchemaCompiler, EscapesTheNamesOfProperties) {
  expect_language(R"({"properties":{"a\"\\\n/é":{"const":1}},"required":["a\"\\\n/é"]})",
                  {R"({"a\"\\\n/é":1})"}, {"{}"});
  expect_language(R"({"properties":{"":{"const":1}}})", {R"({"":1})", "{}"}, {});
}

TEST(SchemaCompiler, AddsOtherPropertiesBehindTheDeclaredOnes) {
  expect_language(
      R"({"properties":{"ab":{"const":1},"é":{"const":2}},"required":["ab"],
                      "additionalProperties":{"type":"boolean"}})",
      {R"({"ab":1})", R"({"ab":1,"é":2,"x":true})", R"({"ab":1,"a":true, "abc":false})",
       R"({"ab":1,"":true})", R"({"ab":1,"è":true})", R"({"ab":1,"é":2,"éé":true})"},
      {"{}", R"({"x":true})", R"({"ab":1,"x":1})", R"({"ab":1,"ab":true})", R"({"ab":1,"é":true})",
       R"({"ab":1,"x":true,"é":2})", R"({"ab":1,"\u0061b":true})"});
  expect_language(R"({"additionalProperties":{"type":"integer"}})", {"{}", R"({"a":1,"\"":2})"},
                  {R"({"a":null})"});
  expect_language(R"({"type":"object","additionalProperties":false})", {"{}"}, {R"({"a":1})"});
}

TEST(SchemaCompiler, RequiresWhatIsNotDeclared) {
  expect_language(R"({"type":"object","required":["a"]})", {R"({"a":[]})", R"({"a":1,"b":2})"},
                  {"{}", R"({"b":1})", R"({"a":1,"a":2})"});
  EXPECT_EQ(error_of(R"({"properties":{"a":{}},"required":["b"]})"),
            "schema at the root: property 'b' is required, but not declared");
  EXPECT_EQ(error_of(R"({"required":"a"})"),
            "schema at the root: keyword 'required' is not a list of names");
  EXPECT_EQ(error_of(R"({"required":[1]})"),
            "schema at the root: keyword 'required' is not a list of names");
}

TEST(SchemaCompiler, CountsItems) {
  expect_language(R"({"items":{"type":"integer"},"minItems":2,"maxItems":3})",
                  {"[1,2]", "[1, 2, 3]"}, {"[]", "[1]", "[1,2,3,4]", "[1,2,3,", R"(["a","b"])"});
  expect_language(R"({"type":"array","maxItems":0})", {"[]"}, {"[1]"});
  expect_language(R"({"type":"array","minItems":1})", {"[1]", "[1,2,3,4,5]"}, {"[]", "[1,]"});
  EXPECT_EQ(error_of(R"({"type":"array","minItems":2,"maxItems":1})"),
            "schema at the root: no value satisfies 'minItems' 2 and 'maxItems' 1");
  EXPECT_EQ(error_of(R"({"type":"array","minItems":-1})"),
            "schema at the root: keyword 'minItems' is out of range, expected an integer from 0 to "
            "1000000");
}

TEST(SchemaCompiler, TakesFirstItemsByTheirPlace) {
  const std::string first = R"({"prefixItems":[{"const":1},{"const":2}])";
  expect_language(first + "}", {"[]", "[1]", "[1, 2]"}, {"[2]", "[1,2,3]", "[1,]", "[1,2,"});
  expect_language(first + R"(,"items":false,"minItems":2})", {"[1,2]"}, {"[]", "[1]", "[1,2,2]"});
  expect_language(first + R"(,"items":{"const":3},"minItems":3,"maxItems":4})",
                  {"[1,2,3]", "[1,2,3,3]"}, {"[1,2]", "[1,2,2]", "[1,2,3,3,3]"});
  expect_language(first + R"(,"maxItems":1})", {"[]", "[1]"}, {"[1,2]", "[1,"});
  EXPECT_EQ(error_of(first + R"(,"minItems":3})"),
            "schema at the root: no value satisfies 'minItems' 3 with 2 items");
}

TEST(SchemaCompiler, CountsCharactersNotBytes) {
  expect_language(R"({"type":"string","minLength":2,"maxLength":3})",
                  {R"("ab")", R"("éé")", R"("a\n€")", R"("\u00e9\u00E9\u0000")", R"("😀b")",
                   R"("\ud83d\ude00b")", R"("\"\\\/")"},
                  {R"("")", R"("é")", R"("abcd")", R"("\ud83d\ude00")", R"("😀")"});
  expect_language(R"({"type":"string","maxLength":0})", {R"("")"}, {R"("a")"});
  EXPECT_NE(error_of(R"({"type":"string","maxLength":1000001})"), "");
  EXPECT_NE(error_of(R"({"type":"string","maxLength":1.5})"), "");
}

TEST(SchemaCompiler, ReadsUtf8AndEscapesAlone) {
  expect_language(
      R"({"type":"string"})",
      {"\"\x7F\"", "\"\xC2\x80\"", "\"\xED\x9F\xBF\"", "\"\xEE\x80\x80\"", "\"\xF0\x90\x80\x80\"",
       "\"\xF4\x8F\xBF\xBF\"", R"("\b\f\n\r\t")", R"("\uD7FF\ue000")"},
      {"\"\x1F\"", "\"\n\"", "\"\x80\"", "\"\xC0\x80\"", "\"\xC1\xBF\"", "\"\xE0\x9F\xBF\"",
       "\"\xED\xA0\x80\"", "\"\xF0\x8F\xBF\xBF\"", "\"\xF4\x90\x80\x80\"", "\"\xF5\x80\x80\x80\"",
       "\"\xE2\x82\"", R"("\x41")", R"("\u12")", R"("\ud800")", R"("\udc00")", R"("\ud83d\u0041")",
       R"("\ud83dx")", R"("\ud83d\ud83d")"});
}

TEST(SchemaCompiler, WritesConstantsAsTheyAre) {
  expect_language(R"({"const":{"b":[1,2.5,"x, y"],"a":null}})",
                  {R"({"b":[1,2.5,"x, y"],"a":null})", R"({"b": [1, 2.5,"x, y"], "a": null})"},
                  {R"({"a":null,"b":[1,2.5,"x, y"]})", R"({"b":[1,2.5,"x,y"],"a":null})", "{}"});
  expect_language(R"({"enum":["a","ab",1,12,null,[],{}]})",
                  {R"("a")", R"("ab")", "1", "12", "null", "[]", "{}"},
                  {R"("b")", "2", R"("abc")"});
  expect_language(R"({"type":"string","enum":["a",1]})", {R"("a")"}, {"1"});
  expect_language(R"({"type":["integer","null"],"enum":["a",1,2.5,3.0,null]})",
                  {"1", "3.0", "null"}, {"2.5", R"("a")"});
  expect_language(R"({"const":"a","enum":["a","b"],"type":"string"})", {R"("a")"}, {R"("b")"});
  EXPECT_EQ(error_of(R"({"enum":[]})"), "schema at the root: no value satisfies 'enum'");
  EXPECT_EQ(error_of(R"({"const":"a","enum":["b"]})"),
            "schema at the root: no value satisfies 'const'");
  EXPECT_EQ(error_of(R"({"type":"integer","enum":["b"]})"),
            "schema at the root: no value satisfies 'enum'");
  EXPECT_EQ(error_of(R"({"enum":"a"})"), "schema at the root: keyword 'enum' is not a list");
}

TEST(SchemaCompiler, FollowsAlternativesThatBeginAlike) {
  expect_language(
      R"({"anyOf":[{"properties":{"kind":{"const":"cat"},"lives":{"type":"integer"}},
                    "required":["kind","lives"]},
                   {"properties":{"kind":{"const":"car"},"doors":{"type":"integer"}},
                    "required":["kind","doors"]},
                   {"type":"array","items":{"type":"integer"}},
                   {"type":"array","items":{"type":"string"}}]})",
      {R"({"kind":"cat","lives":9})", R"({"kind": "car", "doors": 3})", "[]", "[1,2]",
       R"(["a","b"])"},
      {R"({"kind":"cat","doors":3})", R"({"kind":"car","lives":9})", R"([1,"a"])", "{}"});
  EXPECT_EQ(error_of(R"({"anyOf":[]})"),
            "schema at the root: keyword 'anyOf' is not a list of schemas");
}

TEST(SchemaCompiler, FollowsReferences) {
  expect_language(R"({"$ref":"#/$defs/a~1b%20~0","$defs":{"a/b ~":{"type":"integer"}}})", {"1"},
                  {R"("a")"});
  expect_language(R"({"allOf":[{"$ref":"#/definitions/x"}],"definitions":{"x":{"const":1}}})",
                  {"1"}, {"2"});
  expect_language(R"({"properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},
                      "required":["next"]})",
                  {R"({"next":null})", R"({"next":{"next": {"next":null}}})"},
                  {"{}", "null", R"({"next":{}})"});
  EXPECT_EQ(error_of(R"({"items":{"$ref":"#/$defs/a"}})"),
            "schema at '/items': '$ref' leads to 'a' in '$defs', which is not there");
  EXPECT_EQ(error_of(R"({"items":{"$ref":"http://x"}})"),
            "schema at '/items': '$ref' to 'http://x' is not supported, expected '#', "
            "'#/$defs/name' or '#/definitions/name'");
  EXPECT_NE(error_of(R"({"items":{"$ref":"#/$defs/a/b"}})"), "");
  EXPECT_NE(error_of(R"({"items":{"$ref":"#/$defs/a%2"}})"), "");
  EXPECT_NE(error_of(R"({"items":{"$ref":1}})"), "");
}

TEST(SchemaCompiler, RefusesReferencesThatLeadToThemselves) {
  const std::string silent = "its references lead back to it without a value in between";
  EXPECT_EQ(error_of(R"({"$ref":"#"})"), "schema at the root: " + silent);
  EXPECT_EQ(error_of(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},
                         "b":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}}})"),
            "schema at '/$defs/a': " + silent);
  EXPECT_EQ(error_of(R"({"anyOf":[{"type":"null"},{"$ref":"#"}]})"),
            "schema at the root: " + silent);
}

TEST(SchemaCompiler, RefusesReferencesThatNeverEnd) {
  const std::string never = "no value with at most 32 nested arrays and objects satisfies it";
  EXPECT_EQ(error_of(R"({"properties":{"a":{"$ref":"#"}},"required":["a"]})"),
            "schema at the root: " + never);
  EXPECT_EQ(error_of(R"({"items":{"$ref":"#"},"minItems":1})"), "schema at the root: " + never);
  EXPECT_EQ(error_of(R"({"items":{"$ref":"#"}})"), "");
  // What can only go on for ever is left out where something else is possible.
  expect_language(R"({"properties":{"a":{"$ref":"#/$defs/x"}},
                      "$defs":{"x":{"type":"array","items":{"$ref":"#/$defs/x"},"minItems":1}}})",
                  {"{}"}, {R"({"a":)", R"({"a)"});
}

TEST(SchemaCompiler, TakesAnyValueWhereNothingIsSaid) {
  for (const char* schema : {"true", "{}", R"({"title":"x","default":{"a":1},"$comment":""})"}) {
    expect_language(schema, {"1", R"("a")", "null", "true", R"([{"a": [1.5, {}]}])"},
                    {"", "nil", "[1}", "1 "});
  }
}

TEST(SchemaCompiler, ReadsTheTypeFromTheKeywordsWhereItIsMissing) {
  expect_language(R"({"minLength":1,"items":{"type":"null"}})", {R"("a")", "[null]"},
                  {R"("")", "[1]", "1", "{}"});
}

TEST(SchemaCompiler, IgnoresAnnotationsAlone) {
  EXPECT_EQ(error_of(R"({"$schema":"x","$id":"y","title":"t","description":"d","default":1,
                         "examples":[1],"deprecated":true,"readOnly":true,"writeOnly":false,
                         "$comment":"c","type":"integer"})"),
            "");
  EXPECT_EQ(error_of(R"({"items":{"$id":"y"}})"),
            "schema at '/items': keyword '$id' is supported at the root alone");
  EXPECT_EQ(error_of(R"({"items":{"$defs":{}}})"),
            "schema at '/items': keyword '$defs' is supported at the root alone");
}

TEST(SchemaCompiler, RefusesWhatItDoesNotSupportAndSaysWhere) {
  for (const char* keyword : {"pattern",
                              "format",
                              "multipleOf",
                              "minProperties",
                              "maxProperties",
                              "patternProperties",
                              "propertyNames",
                              "oneOf",
                              "not",
                              "if",
                              "then",
                              "else",
                              "dependentRequired",
                              "dependentSchemas",
                              "uniqueItems",
                              "contains",
                              "minContains",
                              "unevaluatedProperties",
                              "unevaluatedItems",
                              "additionalItems",
                              "contentEncoding",
                              "$anchor",
                              "$dynamicRef",
                              "discriminator",
                              "Type"}) {
    const Json schema = {{"properties", {{"a/b", {{keyword, 1}}}}}};
    EXPECT_EQ(error_of(schema.dump()), "schema at '/properties/a~1b': keyword '" +
                                           std::string(keyword) + "' is not supported");
  }
  EXPECT_EQ(error_of(R"({"$defs":{"unused":{"pattern":"a"}}})"),
            "schema at '/$defs/unused': keyword 'pattern' is not supported");
}

TEST(SchemaCompiler, RefusesKeywordsThatWouldHaveNoEffect) {
  EXPECT_EQ(error_of(R"({"type":"string","minItems":1})"),
            "schema at the root: keyword 'minItems' does not apply to its type");
  EXPECT_EQ(error_of(R"({"$ref":"#/$defs/a","type":"string","$defs":{"a":true}})"),
            "schema at the root: keyword 'type' is not supported beside '$ref'");
  EXPECT_EQ(error_of(R"({"anyOf":[true],"properties":{}})"),
            "schema at the root: keyword 'properties' is not supported beside 'anyOf'");
  EXPECT_EQ(error_of(R"({"const":"a","minLength":1})"),
            "schema at the root: keyword 'minLength' is not supported beside 'const'");
  EXPECT_EQ(error_of(R"({"allOf":[true,true]})"),
            "schema at the root: keyword 'allOf' is supported with one schema alone");
}

TEST(SchemaCompiler, RefusesWhatIsNoSchema) {
  EXPECT_EQ(error_of("1"), "schema at the root: it is of type number, expected an object or true");
  EXPECT_EQ(error_of("false"), "schema at the root: the schema false allows no value");
  EXPECT_EQ(error_of(R"({"items":[{}]})"),
            "schema at '/items': it is of type array, expected an object or true");
  EXPECT_EQ(error_of(R"({"properties":[]})"),
            "schema at the root: keyword 'properties' is not an object");
  EXPECT_EQ(error_of(R"({"$defs":[]})"), "schema at the root: keyword '$defs' is not an object");
  EXPECT_EQ(error_of(R"({"prefixItems":{}})"),
            "schema at the root: keyword 'prefixItems' is not a list of schemas");
}

TEST(SchemaCompiler, MakesAnyObject) {
  const auto grammar = any_json_object();
  EXPECT_TRUE(accepts(grammar, R"({"a": [1, {"b": null}], "c": "d"})"));
  EXPECT_FALSE(accepts(grammar, "[]"));
  EXPECT_FALSE(accepts(grammar, "1"));
}

}  // namespace
}  // namespace alpha
