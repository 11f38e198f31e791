#include <random>
#include <string>
#include <vector>

#include "tests/grammar/grammar_testing.h"
#include "tests/grammar/random_schema.h"
#include "tests/grammar/schema_validator.h"
#include <gtest/gtest.h>

#include "alpha/core/json.h"
#include "alpha/grammar/grammar_matcher.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

const std::vector<std::string>& schemas() {
  static const std::vector<std::string> kSchemas = {
      "true",
      R"({"type":"object"})",
      R"({"properties":{"name":{"type":"string","minLength":1,"maxLength":12},
                        "age":{"type":"integer","minimum":0,"maximum":150},
                        "tags":{"type":"array","items":{"enum":["red","green","blue"]},"maxItems":3},
                        "score":{"type":["number","null"]}},
          "required":["name","tags"],"additionalProperties":false})",
      R"({"properties":{"value":{"type":"integer"},
                        "next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},
          "required":["value","next"]})",
      R"({"anyOf":[{"properties":{"kind":{"const":"circle"},"r":{"type":"number"}},
                    "required":["kind","r"]},
                   {"properties":{"kind":{"const":"cross"},"size":{"type":"integer"}},
                    "required":["kind","size"]},
                   {"type":"array","items":{"$ref":"#/$defs/leaf"},"minItems":2}],
          "$defs":{"leaf":{"type":["boolean","string"],"maxLength":5}}})",
      R"({"properties":{"a":{"const":[1, {"b": "x: y, z"}]},"ab":{"type":"boolean"}},
          "additionalProperties":{"type":"string","maxLength":3}})",
      R"({"prefixItems":[{"type":"string"},{"type":"integer","exclusiveMaximum":-7}],
          "items":{"type":"null"},"minItems":1,"maxItems":5})",
      R"({"type":"object","required":["x","\"q\""],"additionalProperties":{"type":"integer"}})",
  };
  return kSchemas;
}

std::string training_text() {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += R"({"name": "Ann", "age": 31, "tags": ["red", "blue"], "score": 1.5})"
            "\n"
            R"([{"value":1,"next":{"value":2,"next":null}},{"kind":"circle","r":0.25}])"
            "\n"
            R"({"kind": "cross", "size": 100}, {"kind": "circle"} "the été of a café €5 €6")"
            "\n";
  }
  return text;
}

const Tokenizer& trained() {
  static const auto kTokenizer = train_tokenizer("bpe", training_text(), 500);
  return *kTokenizer;
}

std::shared_ptr<const TokenTrie> trained_trie() {
  static const auto kTrie = std::make_shared<const TokenTrie>(trained());
  return kTrie;
}

void expect_valid_walks(const std::string& schema, const std::shared_ptr<const TokenTrie>& trie,
                        std::mt19937_64& rng, int n_walks) {
  SCOPED_TRACE(schema);
  const auto masks = std::make_shared<GrammarMasks>(compile(schema), trie);
  const SchemaValidator validator(parse_json(schema, "test"));
  for (int i = 0; i < n_walks; ++i) {
    const std::string text = random_text(GrammarMatcher(masks), *trie, rng, rng() % 200);
    ASSERT_TRUE(is_valid_utf8(text)) << text;
    ASSERT_TRUE(Json::accept(text)) << text;
    ASSERT_TRUE(validator.is_valid(Json::parse(text))) << text;
  }
}

TEST(GrammarProperty, EveryWalkOverBytesEndsInAValidText) {
  std::mt19937_64 rng(1);
  for (const std::string& schema : schemas()) expect_valid_walks(schema, byte_trie(), rng, 100);
}

TEST(GrammarProperty, EveryWalkOverTrainedTokensEndsInAValidText) {
  std::mt19937_64 rng(2);
  for (const std::string& schema : schemas()) expect_valid_walks(schema, trained_trie(), rng, 100);
}

TEST(GrammarProperty, EveryWalkOverARandomSchemaEndsInAValidText) {
  std::mt19937_64 rng(3);
  int n_compiled = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string schema = random_schema(rng).dump();
    try {
      compile(schema);
    } catch (const Error& error) {
      const std::string message = error.what();
      const bool is_expected = message.find("references lead back") != std::string::npos ||
                               message.find("nested arrays and objects") != std::string::npos;
      EXPECT_TRUE(is_expected) << message << schema;
      continue;
    }
    ++n_compiled;
    expect_valid_walks(schema, i % 2 == 0 ? byte_trie() : trained_trie(), rng, 8);
  }
  EXPECT_GT(n_compiled, 200);
}

/// Any way to cut a text: parts are encoded on their own, within characters too.
std::vector<TokenId> cut(std::string_view text, std::mt19937_64& rng) {
  std::vector<TokenId> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t n = 1 + rng() % 12;
    for (const TokenId id : trained().encode(text.substr(at, n))) tokens.push_back(id);
    at += n;
  }
  return tokens;
}

TEST(GrammarProperty, TakesItsTextsHoweverTheyAreCut) {
  std::mt19937_64 rng(4);
  for (const std::string& schema : schemas()) {
    const auto masks = std::make_shared<GrammarMasks>(compile(schema), trained_trie());
    for (int i = 0; i < 40; ++i) {
      const std::string text = random_text(GrammarMatcher(masks), *trained_trie(), rng, 60);
      GrammarMatcher matcher(masks);
      for (const TokenId token : cut(text, rng)) {
        ASSERT_TRUE(matcher.is_allowed(token)) << text;
        matcher.accept(token);
      }
      EXPECT_TRUE(matcher.is_complete()) << text;
    }
  }
}

TEST(GrammarProperty, TakesValidDocumentsInBothStylesOfWhiteSpace) {
  std::mt19937_64 rng(5);
  const std::vector<std::pair<std::size_t, std::string>> documents = {
      {0, R"({"a": [1, -2.5e3, "x\n\u20ac", {"b": null}], "c": true})"},
      {1, R"({"a":[1,-2.5e3,"x\n\u20ac",{"b":null}],"c":true})"},
      {2, R"({"name": "Zoë €", "age": 44, "tags": ["blue"], "score": null})"},
      {2, R"({"name":"Zoë","tags":[],"score":-0.5})"},
      {3, R"({"value": 1, "next": {"value": 2, "next": null}})"},
      {4, R"({"kind": "circle", "r": 3})"},
      {4, R"({"kind":"cross","size":3})"},
      {4, R"([true, "abc"])"},
      {5, R"({"a": [1, {"b": "x: y, z"}], "ab": true, "abc": "d"})"},
      {6, R"(["a", -8, null])"},
      {7, R"({"x": 1, "\"q\"": 2, "y": 3})"},
  };
  for (const auto& [schema, text] : documents) {
    const auto grammar = compile(schemas()[schema]);
    for (int i = 0; i < 20; ++i) {
      GrammarMatcher matcher(grammar, trained_trie());
      for (const TokenId token : cut(text, rng)) matcher.accept(token);
      EXPECT_TRUE(matcher.is_complete()) << text;
    }
  }
}

}  // namespace
}  // namespace alpha
