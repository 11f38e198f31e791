#include "alpha/grammar/token_trie.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "alpha/core/error.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

/// Characters of a plain piece; 0 for one that is not plain, or too long.
std::size_t n_plain_chars(std::string_view piece) {
  std::size_t n = 0;
  for (std::size_t at = 0; at < piece.size(); ++n) {
    const Utf8Char next = decode_utf8(piece, at);
    const bool is_plain = next.status == Utf8Status::ok && next.code_point >= 0x20 &&
                          next.code_point != U'"' && next.code_point != U'\\';
    if (!is_plain || n == TokenTrie::kMaxPlainChars) return 0;
    at += static_cast<std::size_t>(next.length);
  }
  return n;
}

}  // namespace

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : offsets_(1, 0) {
  if (tokenizer.type() == "word") {
    fail(ErrorCode::unsupported,
         "[grammar] a tokenizer of type 'word' cannot write structured output: it puts spaces "
         "between tokens; expected char or bpe");
  }
  std::vector<TokenId> tokens;
  for (TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string_view piece = tokenizer.piece(id);
    const bool is_special = tokenizer.special_token(piece) == id;
    if (!is_special) bytes_ += piece;
    if (bytes_.size() > offsets_.back()) tokens.push_back(id);
    max_piece_ = std::max(max_piece_, bytes_.size() - offsets_.back());
    offsets_.push_back(bytes_.size());
  }
  std::sort(tokens.begin(), tokens.end(), [this](TokenId a, TokenId b) {
    return std::pair(piece(a), a) < std::pair(piece(b), b);
  });

  plain_.assign((kMaxPlainChars + 1) * n_words(), 0);
  std::vector<TokenId> not_plain;
  for (const TokenId id : tokens) {
    const std::size_t n_chars = n_plain_chars(piece(id));
    if (n_chars == 0) {
      not_plain.push_back(id);
      continue;
    }
    const auto bit = static_cast<std::size_t>(id);
    for (std::size_t n = n_chars; n <= kMaxPlainChars; ++n) {
      plain_[n * n_words() + bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
  not_plain_ = make_tree(std::move(not_plain));
  all_ = make_tree(std::move(tokens));
}

std::span<const std::uint64_t> TokenTrie::plain(std::size_t n_chars) const noexcept {
  return std::span(plain_).subspan(n_chars * n_words(), n_words());
}

std::string_view TokenTrie::piece(TokenId token) const {
  if (token < 0 || token >= vocab_size()) {
    fail_invalid("[grammar] token id is outside the vocabulary: got {}, expected 0 to {}", token,
                 vocab_size() - 1);
  }
  const auto id = static_cast<std::size_t>(token);
  return std::string_view(bytes_).substr(offsets_[id], offsets_[id + 1] - offsets_[id]);
}

/// `tokens` by ascending piece (bytes as unsigned), which is the preorder of their ends.
TokenTrie::Tree TokenTrie::make_tree(std::vector<TokenId> tokens) const {
  Tree tree;
  std::vector<std::size_t> open;  // the nodes of the piece before, by depth
  const auto close = [&](std::size_t depth) {
    for (; open.size() > depth; open.pop_back()) {
      tree.nodes[open.back()].skip = static_cast<std::uint32_t>(tree.nodes.size());
    }
  };
  std::string_view before;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view bytes = piece(tokens[i]);
    const auto fork = std::mismatch(before.begin(), before.end(), bytes.begin(), bytes.end());
    close(static_cast<std::size_t>(fork.first - before.begin()));
    while (open.size() < bytes.size()) {
      open.push_back(tree.nodes.size());
      tree.nodes.push_back({.depth = static_cast<std::uint32_t>(open.size()),
                            .skip = 0,
                            .first_token = static_cast<std::uint32_t>(i),
                            .byte = static_cast<std::uint8_t>(bytes[open.size() - 1])});
    }
    before = bytes;
  }
  close(0);
  tree.nodes.push_back({.depth = 0,
                        .skip = static_cast<std::uint32_t>(tree.nodes.size()),
                        .first_token = static_cast<std::uint32_t>(tokens.size()),
                        .byte = 0});
  tree.tokens = std::move(tokens);
  return tree;
}

}  // namespace alpha
