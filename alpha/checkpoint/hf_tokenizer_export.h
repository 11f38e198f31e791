#pragma once

#include <cstdint>
#include <string_view>

#include "alpha/core/json_fwd.h"
#include "alpha/tokenizers/bpe_tokenizer.h"

namespace alpha {

// Names in a folder of Hugging Face's.
inline constexpr std::string_view kHfTokenizerFile = "tokenizer.json";
inline constexpr std::string_view kHfTokenizerConfigFile = "tokenizer_config.json";

/// The rule of `next_pre_token` in the words of the tokenizers library: a pattern that cuts, then
/// bytes written as printable text.
Json hf_pre_tokenizer();

/// tokenizer.json: the ids of `tokenizer`, and text cut in the same places.
Json to_hf_tokenizer(const BpeTokenizer& tokenizer);

/// tokenizer_config.json, which tells transformers how to open the other.
Json to_hf_tokenizer_config(const BpeTokenizer& tokenizer, std::int64_t block_size);

}  // namespace alpha
