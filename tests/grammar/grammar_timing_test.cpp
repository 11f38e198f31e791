// Figures to read, not to assert: a vocabulary of GPT-2's size and kind.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/grammar/grammar_testing.h"
#include "tests/grammar/list_tokenizer.h"
#include <gtest/gtest.h>

namespace alpha {
namespace {

/// Bytes, words with and without a space, numbers of up to three digits, punctuation, indentation,
/// and cut characters.
std::vector<std::string> make_pieces(std::size_t n) {
  std::mt19937_64 rng(1);
  std::unordered_set<std::string> known;
  std::vector<std::string> pieces;
  const auto add = [&](const std::string& piece) {
    if (pieces.size() < n && known.insert(piece).second) pieces.push_back(piece);
  };
  const auto word = [&](const std::string& letters, std::size_t max) {
    std::string text;
    for (std::size_t i = 1 + rng() % max; i > 0; --i) text += letters[rng() % letters.size()];
    return text;
  };
  for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
  for (int i = 0; i < 1000; ++i) add(std::to_string(i));
  for (int i = 0; i < 700; ++i) add(" " + std::to_string(i));
  for (std::size_t i = 1; i < 33; ++i) add(std::string(i, ' '));
  for (int i = 0; i < 1500; ++i) add(word("\"{}[]:,.\\ /-_()<>\n", 4));
  for (int i = 0; i < 1000; ++i) add(word("\xE2\x80\x99\xC3\xA9\xF0\x9F\x98", 3));
  const std::string letters = "eeeeetttaaaooiinnsshhrrddllccuummwwffggyyppbbvkjxqzETAIS";
  while (pieces.size() < n) add((rng() % 3 > 0 ? " " : "") + word(letters, 9));
  return pieces;
}

double us_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

struct Times {
  std::vector<double> us;

  void print(const char* what) {
    std::sort(us.begin(), us.end());
    double sum = 0;
    for (const double t : us) sum += t;
    const auto at = [&](double share) {
      return us[static_cast<std::size_t>(share * static_cast<double>(us.size() - 1))];
    };
    std::printf("  %-28s n %6zu  mean %8.2f us  median %8.2f  99%% %9.2f  max %9.2f\n", what,
                us.size(), sum / static_cast<double>(us.size()), at(0.5), at(0.99), at(1));
  }
};

void print_walks(const char* name, const std::shared_ptr<const Grammar>& grammar,
                 const std::shared_ptr<const TokenTrie>& trie) {
  std::mt19937_64 rng(2);
  const auto masks = std::make_shared<GrammarMasks>(grammar, trie);
  Times first;
  Times again;
  Times accept;
  for (int walk = 0; walk < 12; ++walk) {
    GrammarMatcher matcher(masks);
    for (int i = 0; i < 80 && !matcher.must_end(); ++i) {
      GrammarMasks none_known(grammar, trie);
      auto start = std::chrono::steady_clock::now();
      none_known.mask(matcher.stacks());
      first.us.push_back(us_since(start));
      masks->mask(matcher.stacks());
      start = std::chrono::steady_clock::now();
      masks->mask(matcher.stacks());
      again.us.push_back(us_since(start));
      const auto tokens = allowed_tokens(matcher);
      const TokenId token = tokens[rng() % tokens.size()];
      start = std::chrono::steady_clock::now();
      matcher.accept(token);
      accept.us.push_back(us_since(start));
    }
  }
  std::printf("%s: %zu states\n", name, grammar->automaton().states.size());
  first.print("mask, computed");
  again.print("mask, known");
  accept.print("accept");
}

TEST(GrammarTiming, PrintsWhatMasksOfALargeVocabularyCost) {
  auto start = std::chrono::steady_clock::now();
  const auto trie = std::make_shared<const TokenTrie>(ListTokenizer(make_pieces(50'257)));
  std::printf("trie of %d tokens: %.1f ms, %zu nodes\n", trie->vocab_size(), us_since(start) / 1e3,
              trie->all().n_nodes());
  const char* person =
      R"({"properties":{"name":{"type":"string","maxLength":40},"age":{"type":"integer"},
          "tags":{"type":"array","items":{"type":"string"}},"kind":{"enum":["red","green","blue"]},
          "next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},
          "required":["name","age","tags","kind","next"]})";
  start = std::chrono::steady_clock::now();
  const auto grammar = compile(person);
  std::printf("compile: %.3f ms\n", us_since(start) / 1e3);
  print_walks("person", grammar, trie);
  print_walks("any object", any_json_object(), trie);
  print_walks("any value", compile("true"), trie);
  Json properties = Json::object();
  for (int i = 0; i < 100; ++i) properties["property" + std::to_string(i)] = {{"type", "string"}};
  print_walks("100 optional properties", compile_json_schema({{"properties", properties}}), trie);
}

TEST(GrammarTiming, PrintsWhatAnAmbiguousSchemaCosts) {
  const auto trie = std::make_shared<const TokenTrie>(ListTokenizer(make_pieces(50'257)));
  const auto grammar = compile(R"({"$ref":"#/$defs/t","$defs":{"t":{"anyOf":[{"type":"string"},
      {"properties":{"a":{"$ref":"#/$defs/t"},"b":{"const":1}},"required":["a","b"]},
      {"properties":{"a":{"$ref":"#/$defs/t"},"c":{"const":2}},"required":["a","c"]},
      {"type":"array","items":{"type":"string","maxLength":100}}]}}})");
  const auto masks = std::make_shared<GrammarMasks>(grammar, trie);
  GrammarMatcher matcher(masks);
  Times compute;
  Times known;
  Times accept;
  std::string text;
  for (int i = 0; i < 12; ++i) text += R"({"a":)";
  text += "[\"aaa\",\"bbbb";
  for (const char byte : text) {
    auto start = std::chrono::steady_clock::now();
    masks->mask(matcher.stacks());
    compute.us.push_back(us_since(start));
    start = std::chrono::steady_clock::now();
    masks->mask(matcher.stacks());
    known.us.push_back(us_since(start));
    start = std::chrono::steady_clock::now();
    matcher.accept(static_cast<unsigned char>(byte));
    accept.us.push_back(us_since(start));
  }
  std::printf("two readings at each of 12 levels: %zu states\n",
              grammar->automaton().states.size());
  compute.print("mask, computed");
  known.print("mask, known");
  accept.print("accept");
}

TEST(GrammarTiming, PrintsWhatManyStringsAtOnceCost) {
  const auto trie = std::make_shared<const TokenTrie>(ListTokenizer(make_pieces(50'257)));
  Json alternatives = Json::array();
  for (int i = 0; i < 250; ++i) alternatives.push_back({{"type", "string"}, {"maxLength", 50 + i}});
  const auto grammar = compile_json_schema({{"anyOf", alternatives}});
  const auto masks = std::make_shared<GrammarMasks>(grammar, trie);
  GrammarMatcher matcher(masks);
  Times compute;
  for (const char byte : std::string("\"abcdefghij")) {
    const auto start = std::chrono::steady_clock::now();
    masks->mask(matcher.stacks());
    compute.us.push_back(us_since(start));
    matcher.accept(static_cast<unsigned char>(byte));
  }
  std::printf("250 readings of a string: %zu states\n", grammar->automaton().states.size());
  compute.print("mask, computed");
}

TEST(GrammarTiming, PrintsWhatTheLargestSchemasCost) {
  Json values = Json::array();
  for (int i = 0; i < 3000; ++i) values.push_back("some value " + std::to_string(i));
  Json properties = Json::object();
  Json required = Json::array();
  for (int i = 0; i < 1200; ++i) {
    const std::string name = "a property " + std::to_string(i);
    properties[name] = {{"type", "string"}, {"maxLength", i}};
    required.push_back(name);
  }
  for (const Json& schema :
       {Json{{"enum", values}},
        Json{{"properties", properties}, {"required", required}, {"additionalProperties", true}}}) {
    const auto start = std::chrono::steady_clock::now();
    const auto grammar = compile_json_schema(schema, {.max_bytes = 1U << 20U});
    std::printf("compile %zu bytes, %zu states: %.1f ms\n", schema.dump().size(),
                grammar->automaton().states.size(), us_since(start) / 1e3);
  }
}

}  // namespace
}  // namespace alpha
