#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// The pieces of a vocabulary as a tree of bytes, to see which tokens an automaton can read without
/// reading each. Immutable; built once per model.
///
/// Special tokens and empty pieces are not in it: inside a grammar they are never allowed.
class TokenTrie {
 public:
  /// Keeps nothing of the tokenizer. Error(unsupported): one that puts something between tokens
  /// ("word"), so that a text is more than its pieces.
  explicit TokenTrie(const Tokenizer& tokenizer);

  /// In preorder, children by ascending byte. A node's tokens are those that end there.
  struct Node {
    std::uint32_t depth;        // bytes from the root; 1 at least, the root is left out
    std::uint32_t skip;         // the first node that is not below this one
    std::uint32_t first_token;  // in Tree::tokens; they end where those of the next node begin
    std::uint8_t byte;
  };

  struct Tree {
    std::vector<Node> nodes = {};  // and one more that ends the tokens of the last
    std::vector<TokenId> tokens = {};

    std::size_t n_nodes() const noexcept { return nodes.empty() ? 0 : nodes.size() - 1; }
  };

  /// Plain tokens are whole characters that a JSON string holds without escape.
  static constexpr std::size_t kMaxPlainChars = 32;

  const Tree& all() const noexcept { return all_; }

  /// Tokens that are not plain, or of more than kMaxPlainChars characters.
  const Tree& not_plain() const noexcept { return not_plain_; }

  /// Bits of the plain tokens of at most `n_chars` <= kMaxPlainChars characters. [n_words]
  std::span<const std::uint64_t> plain(std::size_t n_chars) const noexcept;

  int vocab_size() const noexcept { return static_cast<int>(offsets_.size()) - 1; }

  /// 64-bit words of a mask, one bit per token.
  std::size_t n_words() const noexcept { return (offsets_.size() - 1 + 63) / 64; }

  /// The bytes of the longest piece.
  std::size_t max_piece() const noexcept { return max_piece_; }

  /// Empty for a token that is not in the tree. Error(invalid_argument): outside the vocabulary.
  std::string_view piece(TokenId token) const;

 private:
  Tree make_tree(std::vector<TokenId> tokens) const;

  std::string bytes_;                 // of all pieces
  std::vector<std::size_t> offsets_;  // [V + 1]
  std::size_t max_piece_ = 0;
  Tree all_;
  Tree not_plain_;
  std::vector<std::uint64_t> plain_;  // [kMaxPlainChars + 1, n_words]
};

}  // namespace alpha
