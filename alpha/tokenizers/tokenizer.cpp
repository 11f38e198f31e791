#include "alpha/tokenizers/tokenizer.h"

#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/core/hash.h"
#include "alpha/core/json.h"
#include "alpha/tokenizers/bpe_tokenizer.h"
#include "alpha/tokenizers/char_tokenizer.h"
#include "alpha/tokenizers/word_tokenizer.h"

namespace alpha {

std::vector<TokenId> Tokenizer::encode(std::string_view text, SpecialTokens specials) const {
  std::vector<TokenId> ids;
  append_tokens(text, specials, ids);
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string_view bytes = piece(ids[i]);
    if (i > 0) text += glue(ids[i - 1], ids[i]);
    text += bytes;
  }
  return text;
}

std::string_view Tokenizer::piece(TokenId id) const {
  if (id < 0 || id >= vocab_size()) {
    fail_invalid("[tokenizer] token id is outside the vocabulary: got {}, expected 0 to {}", id,
                 vocab_size() - 1);
  }
  return pieces_[static_cast<std::size_t>(id)];
}

std::string_view Tokenizer::glue(TokenId /*left*/, TokenId /*right*/) const {
  return {};
}

std::optional<TokenId> Tokenizer::special_token(std::string_view /*text*/) const {
  return std::nullopt;
}

Json Tokenizer::to_json() const {
  Json artifact;
  artifact["type"] = type();
  artifact["vocabSize"] = vocab_size();
  artifact["vocab"] = pieces_;
  return artifact;
}

std::uint64_t Tokenizer::fingerprint() const {
  return xxh3(to_json().dump());
}

std::unique_ptr<Tokenizer> tokenizer_from_json(const Json& artifact, std::string_view where) {
  if (!artifact.is_object()) {
    fail(ErrorCode::corrupt, "{}: not a tokenizer: got a JSON {}, expected an object", where,
         artifact.type_name());
  }
  const auto type = json_get<std::string>(artifact, "type", where);
  if (type == "char") return CharTokenizer::from_json(artifact, where);
  if (type == "word") return WordTokenizer::from_json(artifact, where);
  if (type == "bpe") return BpeTokenizer::from_json(artifact, where);
  fail(ErrorCode::corrupt, "{}: field 'type' is '{}', expected char, word or bpe", where, type);
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  return tokenizer_from_json(read_json_file(path), path.string());
}

void save_tokenizer(const std::filesystem::path& path, const Tokenizer& tokenizer) {
  write_file_atomic(path, tokenizer.to_json().dump(2) + "\n");
}

}  // namespace alpha
