#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alpha/core/json.h"

namespace alpha {

// Reads the fields that tokenizer artifacts share. Every Error is `corrupt` and names the field.

/// `vocab`: at least one string, none empty, none twice, as many as `vocabSize` says.
std::vector<std::string> read_vocab(const Json& artifact, std::string_view where);

/// `merges`: pairs of 32-bit ids; empty when the field is missing. Their range is the caller's
/// affair.
std::vector<std::pair<std::int32_t, std::int32_t>> read_merges(const Json& artifact,
                                                               std::string_view where);

/// `specialTokens`: strings; empty when the field is missing.
std::vector<std::string> read_special_tokens(const Json& artifact, std::string_view where);

/// The beginning of a string from a file, as valid UTF-8: for messages.
std::string shortened(std::string_view text);

}  // namespace alpha
