#include "alpha/grammar/token_trie.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/grammar/list_tokenizer.h"
#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

/// The pieces as the tree spells them.
std::vector<std::pair<std::string, TokenId>> read_tree(const TokenTrie::Tree& tree) {
  std::vector<std::pair<std::string, TokenId>> found;
  std::string bytes;
  for (std::size_t i = 0; i < tree.n_nodes(); ++i) {
    const TokenTrie::Node& node = tree.nodes[i];
    bytes.resize(node.depth - 1);
    bytes += static_cast<char>(node.byte);
    for (std::uint32_t t = node.first_token; t < tree.nodes[i + 1].first_token; ++t) {
      found.emplace_back(bytes, tree.tokens[t]);
    }
    // What is skipped is what lies below.
    std::size_t end = i + 1;
    while (end < tree.n_nodes() && tree.nodes[end].depth > node.depth) ++end;
    EXPECT_EQ(node.skip, end);
  }
  return found;
}

TEST(TokenTrie, SpellsEveryPieceOnce) {
  const std::vector<std::string> pieces = {"b",    "abc", "",  "a",   "abd",
                                           "\xFF", "ab",  "a", "\"x", "\x80y"};
  const TokenTrie trie{ListTokenizer(pieces)};
  auto found = read_tree(trie.all());
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  std::vector<std::pair<std::string, TokenId>> expected;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].empty()) expected.emplace_back(pieces[i], static_cast<TokenId>(i));
    EXPECT_EQ(trie.piece(static_cast<TokenId>(i)), pieces[i]);
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found, expected);
  EXPECT_EQ(trie.max_piece(), 3U);
  EXPECT_EQ(trie.vocab_size(), 10);
}

TEST(TokenTrie, SortsOutTokensThatAreWholeCharactersOfAString) {
  const TokenTrie trie{ListTokenizer(
      {"a", "ab", "é", "\"", "a\\", "\n", "\xC3", std::string(32, 'x'), std::string(33, 'x')})};
  EXPECT_EQ(trie.plain(0)[0], 0U);
  EXPECT_EQ(trie.plain(1)[0], 0b0000'0101U);
  EXPECT_EQ(trie.plain(2)[0], 0b0000'0111U);
  EXPECT_EQ(trie.plain(31)[0], 0b0000'0111U);
  EXPECT_EQ(trie.plain(32)[0], 0b1000'0111U);
  EXPECT_EQ(trie.not_plain().tokens.size(), 5U);
}

TEST(TokenTrie, LeavesOutSpecialTokens) {
  const auto tokenizer = train_tokenizer("bpe-chat", "ab ab ab", 262);
  const TokenTrie trie(*tokenizer);
  EXPECT_EQ(trie.all().tokens.size(), static_cast<std::size_t>(tokenizer->vocab_size()) - 3);
  EXPECT_EQ(trie.piece(256), "");
}

TEST(TokenTrie, RefusesTokenizersThatPutSpacesBetweenTokens) {
  try {
    const TokenTrie trie(*train_tokenizer("word", "a b"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
  }
}

TEST(TokenTrie, WorksForAVocabularyWithoutTokens) {
  const TokenTrie trie{ListTokenizer({""})};
  EXPECT_EQ(trie.all().n_nodes(), 0U);
  EXPECT_THROW(trie.piece(1), Error);
}

}  // namespace
}  // namespace alpha
