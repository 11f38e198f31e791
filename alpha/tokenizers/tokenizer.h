#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/json_fwd.h"

namespace alpha {

using TokenId = std::int32_t;

/// Ends a document, and starts one: a model that has an empty prompt begins with it.
inline constexpr std::string_view kEndOfText = "<|end_of_text|>";

/// What `encode` does with the text of a special token, such as "<|user|>".
enum class SpecialTokens : std::uint8_t {
  as_text,  // nothing special: what a user typed cannot become a control token
  allowed   // it becomes that token's id, the longest first: for training data and templates
};

/// Text to tokens and back. Immutable after construction, so any number of threads may share one.
///
/// A tokenizer is its vocabulary, the bytes of each token; ids are 0 … vocab_size() - 1.
class Tokenizer {
 public:
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;
  virtual ~Tokenizer() = default;

  /// "char", "word" or "bpe".
  virtual std::string_view type() const noexcept = 0;

  int vocab_size() const noexcept { return static_cast<int>(pieces_.size()); }

  /// An empty text has no tokens. char and word skip what their vocabulary lacks, and want UTF-8;
  /// bpe takes every byte string. Error: invalid_argument with the byte offset.
  std::vector<TokenId> encode(std::string_view text,
                              SpecialTokens specials = SpecialTokens::as_text) const;

  /// The pieces and what stands between them. May be broken UTF-8 where the tokens cut a character
  /// or come from a model. Error(invalid_argument): an id outside the vocabulary.
  std::string decode(std::span<const TokenId> ids) const;

  /// The bytes of one token; valid as long as the tokenizer. Error as `decode`.
  std::string_view piece(TokenId id) const;

  /// What `decode` puts between two neighbouring tokens: a space between words, else nothing.
  virtual std::string_view glue(TokenId left, TokenId right) const;

  /// The id of a special token, if this tokenizer has it.
  virtual std::optional<TokenId> special_token(std::string_view text) const;

  /// The id of kEndOfText, if there is one.
  std::optional<TokenId> start_token() const { return special_token(kEndOfText); }

  /// The artifact that docs/formats/tokenizer.md describes.
  virtual Json to_json() const;

  /// XXH3 of the artifact without whitespace: changes with any word, merge or special token.
  std::uint64_t fingerprint() const;

 protected:
  explicit Tokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  const std::vector<std::string>& pieces() const noexcept { return pieces_; }

 private:
  virtual void append_tokens(std::string_view text, SpecialTokens specials,
                             std::vector<TokenId>& out) const = 0;

  std::vector<std::string> pieces_;
};

/// Reads an artifact and checks all of it. `where` begins the messages (a path, a field's name).
/// Error: corrupt, naming the field; unsupported for the original's character-level "bpe".
std::unique_ptr<Tokenizer> tokenizer_from_json(const Json& artifact, std::string_view where);

/// Error: not_found, io, corrupt, unsupported.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);

/// Writes the artifact, indented by two spaces, in one step. Error: io.
void save_tokenizer(const std::filesystem::path& path, const Tokenizer& tokenizer);

}  // namespace alpha
