#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/tokenizers/bpe_encoder.h"
#include "alpha/tokenizers/bpe_merge.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// Byte-level BPE, of GPT-2's family: round trips are exact for every byte string.
///
/// Ids: 0 to 255 are the bytes, then the special tokens, then one token per merge. Merges stay
/// within the pre-tokens of `next_pre_token`.
class BpeTokenizer final : public Tokenizer {
 public:
  static constexpr int kNBytes = 256;

  /// Learns merges until the vocabulary has `vocab_size` tokens or no pair occurs twice
  /// (`learn_bpe_merges`). Special tokens in `text` are not learned from.
  /// Error(invalid_argument): vocab_size < 256 + special tokens; a bad special token.
  static std::unique_ptr<BpeTokenizer> train(std::string_view text, int vocab_size,
                                             std::vector<std::string> special_tokens = {
                                                 std::string(kEndOfText)});

  /// See tokenizer_from_json.
  static std::unique_ptr<BpeTokenizer> from_json(const Json& artifact, std::string_view where);

  std::string_view type() const noexcept override { return "bpe"; }

  std::optional<TokenId> special_token(std::string_view text) const override;

  /// In the order of their ids, which begin at 256: longest first.
  std::span<const std::string> special_tokens() const noexcept { return special_tokens_; }

  std::span<const BpeMerge> merges() const noexcept { return encoder_.merges(); }

  Json to_json() const override;

 private:
  // The special tokens in their order; merges of ids that exist before them.
  BpeTokenizer(std::vector<std::string> special_tokens, std::vector<BpeMerge> merges);

  void append_tokens(std::string_view text, SpecialTokens specials,
                     std::vector<TokenId>& out) const override;

  std::vector<std::string> special_tokens_;
  BpeEncoder encoder_;
};

}  // namespace alpha
