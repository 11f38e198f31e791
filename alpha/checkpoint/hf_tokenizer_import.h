#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/tokenizers/bpe_tokenizer.h"

namespace alpha {

// The older pair of files, read where there is no tokenizer.json.
inline constexpr std::string_view kHfVocabFile = "vocab.json";
inline constexpr std::string_view kHfMergesFile = "merges.txt";

/// A tokenizer whose tokens had other ids in the files it was read from.
struct ImportedTokenizer {
  std::unique_ptr<BpeTokenizer> tokenizer;
  std::vector<std::int64_t> old_ids;  // by Alpha's id
  std::string warning;                // that some texts are cut otherwise than there; else empty
};

/// Reads tokenizer.json of a folder of Hugging Face's, or vocab.json and merges.txt. Tokens that
/// are neither bytes nor made by merges become special tokens; `<|endoftext|>` is renamed to
/// kEndOfText unless both are there. Error: not_found; corrupt, naming file and field; unsupported
/// for anything but byte-level BPE with GPT-2's pre-tokens.
ImportedTokenizer read_hf_tokenizer(const std::filesystem::path& folder);

}  // namespace alpha
