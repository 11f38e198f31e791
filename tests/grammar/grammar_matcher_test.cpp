#include "alpha/grammar/grammar_matcher.h"

#include <string>
#include <thread>
#include <vector>

#include "tests/grammar/grammar_testing.h"
#include "tests/grammar/list_tokenizer.h"
#include <gtest/gtest.h>

#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

std::shared_ptr<const TokenTrie> trie_of(std::vector<std::string> pieces) {
  return std::make_shared<const TokenTrie>(ListTokenizer(std::move(pieces)));
}

TEST(GrammarMatcher, AllowsTokensThatSpanSeveralSymbols) {
  const auto trie = trie_of(
      {R"({"a)", R"(":)", R"(": ")", R"(","b":)", R"("}])", "[", "x", R"("})", "1}]", " 1"});
  GrammarMatcher matcher(
      compile(R"({"items":{"properties":{"a":{"type":"string"},"b":{"type":"integer"}},
                          "required":["a"]}})"),
      trie);
  const std::vector<std::pair<TokenId, std::vector<TokenId>>> steps = {
      {5, {5}},   {0, {0}}, {2, {1, 2}}, {6, {3, 4, 5, 6, 7, 8, 9}}, {3, {3, 4, 5, 6, 7, 8, 9}},
      {8, {8, 9}}};
  for (const auto& [token, allowed] : steps) {
    EXPECT_EQ(allowed_tokens(matcher), allowed) << trie->piece(token);
    EXPECT_FALSE(matcher.is_complete());
    matcher.accept(token);
  }
  EXPECT_TRUE(matcher.is_complete());
  EXPECT_TRUE(matcher.must_end());
  EXPECT_TRUE(allowed_tokens(matcher).empty());
}

TEST(GrammarMatcher, KnowsWhereAValueMayEndAndWhereItMust) {
  GrammarMatcher matcher(compile(R"({"type":"integer","maximum":12,"minimum":0})"), byte_trie());
  EXPECT_FALSE(matcher.is_complete());
  EXPECT_FALSE(matcher.must_end());
  matcher.accept('1');
  EXPECT_TRUE(matcher.is_complete());
  EXPECT_FALSE(matcher.must_end());
  EXPECT_EQ(allowed_tokens(matcher), (std::vector<TokenId>{'0', '1', '2'}));
  matcher.accept('2');
  EXPECT_TRUE(matcher.must_end());
}

TEST(GrammarMatcher, ReadsCharactersThatTokensCut) {
  const auto trie =
      trie_of({"\"", "\"\xE2", "\x82", "\xAC\"", "\x80", "\xF0\x9F\x98", "\x80\"", "\xC0"});
  GrammarMatcher matcher(compile(R"({"type":"string","maxLength":2})"), trie);
  EXPECT_EQ(allowed_tokens(matcher), (std::vector<TokenId>{0, 1}));
  matcher.accept(1);
  EXPECT_EQ(allowed_tokens(matcher), (std::vector<TokenId>{2, 4}));
  matcher.accept(2);
  EXPECT_EQ(allowed_tokens(matcher), (std::vector<TokenId>{2, 3, 4, 6}));
  matcher.accept(4);
  EXPECT_EQ(allowed_tokens(matcher), (std::vector<TokenId>{0, 5}));
  matcher.accept(5);
  EXPECT_EQ(allowed_tokens(matcher), (std::vector<TokenId>{2, 3, 4, 6}));
  matcher.accept(4);
  EXPECT_EQ(allowed_tokens(matcher), (std::vector<TokenId>{0}));
}

TEST(GrammarMatcher, RefusesATokenAndStaysWhereItIs) {
  GrammarMatcher matcher(compile(R"({"const":"ab"})"), byte_trie());
  matcher.accept('"');
  for (const TokenId token : {static_cast<TokenId>('b'), -1, 257, 1'000'000, 256}) {
    EXPECT_FALSE(matcher.is_allowed(token));
    EXPECT_THROW(matcher.accept(token), Error) << token;
  }
  for (const char byte : std::string("ab\"")) matcher.accept(byte);
  EXPECT_TRUE(matcher.must_end());
  EXPECT_THROW(matcher.accept('"'), Error);
  EXPECT_TRUE(matcher.is_complete());
}

TEST(GrammarMatcher, NeverAllowsSpecialTokens) {
  const auto tokenizer = train_tokenizer("bpe-chat", R"({"a": "<|user|>"} {"a": "<|user|>"})", 300);
  const auto trie = std::make_shared<const TokenTrie>(*tokenizer);
  GrammarMatcher matcher(compile(R"({"type":"string"})"), trie);
  matcher.accept('"');
  for (const char* special : {"<|end_of_text|>", "<|user|>", "<|assistant|>"}) {
    const auto token = tokenizer->special_token(special);
    ASSERT_TRUE(token);
    EXPECT_FALSE(matcher.is_allowed(*token));
    EXPECT_THROW(matcher.accept(*token), Error);
  }
  EXPECT_TRUE(matcher.is_allowed('<'));
}

TEST(GrammarMatcher, GoesOnFromTheSamePlaceInACopy) {
  GrammarMatcher matcher(compile(R"({"enum":["ab","ac"]})"), byte_trie());
  matcher.accept('"');
  matcher.accept('a');
  GrammarMatcher copy = matcher;
  copy.accept('c');
  matcher.accept('b');
  EXPECT_FALSE(matcher.is_allowed('b'));
  EXPECT_TRUE(matcher.is_allowed('"'));
  EXPECT_TRUE(copy.is_allowed('"'));
}

TEST(GrammarMatcher, SaysWhereTheVocabularyCannotGoOn) {
  const auto trie = std::make_shared<const TokenTrie>(*train_tokenizer("char", "{\"a:1"));
  GrammarMatcher matcher(compile(R"({"properties":{"a":{"type":"integer"}},"required":["a"]})"),
                         trie);
  const auto tokenizer = train_tokenizer("char", "{\"a:1");
  for (const TokenId token : tokenizer->encode("{\"a\":1")) matcher.accept(token);
  EXPECT_EQ(allowed_tokens(matcher), tokenizer->encode("1"));
  GrammarMatcher other(compile(R"({"const":"b"})"), trie);
  other.accept(tokenizer->encode("\"")[0]);
  try {
    other.allowed();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
  }
}

/// Each token is tried on a copy: the mask must say the same.
void expect_masks_are_right(const std::shared_ptr<GrammarMasks>& masks, std::mt19937_64& rng,
                            int n_steps) {
  GrammarMatcher matcher(masks);
  for (int i = 0; i < n_steps && !matcher.must_end(); ++i) {
    const std::vector<TokenId> allowed = allowed_tokens(matcher);
    std::vector<TokenId> expected;
    for (TokenId token = 0; token < masks->trie().vocab_size(); ++token) {
      StackSet stacks = matcher.stacks();
      const std::string_view piece = masks->trie().piece(token);
      if (!piece.empty() && stacks.read(piece)) expected.push_back(token);
    }
    ASSERT_EQ(allowed, expected);
    matcher.accept(allowed[rng() % allowed.size()]);
  }
}

TEST(GrammarMatcher, AllowsExactlyTheTokensThatItCanRead) {
  std::mt19937_64 rng(11);
  std::vector<std::string> pieces;
  pieces.reserve(1200);
  for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(1, static_cast<char>(byte));
  const std::vector<std::string> parts = {"\"",   "\\",   "{", "}", "[",    "]",    ":",    ",",
                                          " ",    "a",    "b", "1", "0",    "u",    "é",    "\xE2",
                                          "\x82", "\xAC", "-", ".", "null", "d83d", "\\ude"};
  for (int i = 0; i < 900; ++i) {
    std::string piece;
    for (std::size_t n = 2 + rng() % 5; n > 0; --n) piece += parts[rng() % parts.size()];
    pieces.push_back(piece);
  }
  pieces.emplace_back(40, 'a');
  pieces.emplace_back("a");  // the same bytes twice
  const auto trie = trie_of(pieces);
  for (const char* schema :
       {"true", R"({"type":"string","minLength":3,"maxLength":8})",
        R"({"type":"array","items":{"type":"string","maxLength":2},"minItems":1,"maxItems":40})",
        R"({"properties":{"a":{"type":"number"},"b":{},"aa":{"type":["null","string"]}},
            "additionalProperties":{"type":"integer"}})",
        R"({"anyOf":[{"type":"string","maxLength":3},{"enum":["aaaaaa","a","ab1"]},
            {"type":"array","items":{"type":"integer","minimum":0,"maximum":101}}]})"}) {
    const auto masks = std::make_shared<GrammarMasks>(compile(schema), trie);
    for (int trial = 0; trial < 6; ++trial) {
      SCOPED_TRACE(schema);
      expect_masks_are_right(masks, rng, 40);
    }
  }
}

TEST(GrammarMasks, GiveTheSameWhateverIsKept) {
  std::mt19937_64 rng(13);
  const auto grammar = compile(R"({"type":"array","items":{"type":"string","maxLength":4}})");
  const auto kept = std::make_shared<GrammarMasks>(grammar, byte_trie());
  const auto forgetful = std::make_shared<GrammarMasks>(grammar, byte_trie(), 0);
  for (int trial = 0; trial < 10; ++trial) {
    GrammarMatcher a(kept);
    GrammarMatcher b(forgetful);
    for (int i = 0; i < 60 && !a.must_end(); ++i) {
      const std::vector<TokenId> allowed = allowed_tokens(a);
      ASSERT_EQ(allowed, allowed_tokens(b));
      const TokenId token = allowed[rng() % allowed.size()];
      a.accept(token);
      b.accept(token);
    }
  }
}

TEST(GrammarMasks, ServeSeveralThreads) {
  const auto masks = std::make_shared<GrammarMasks>(any_json_object(), byte_trie(), 20'000);
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&masks, seed] {
      std::mt19937_64 rng(seed);
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(Json::accept(random_text(GrammarMatcher(masks), masks->trie(), rng, 100)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace alpha
