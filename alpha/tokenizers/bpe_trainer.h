#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/tokenizers/bpe_merge.h"

namespace alpha {

/// Learns up to `n_merges` merges of bytes and of earlier merges. Each is the most frequent pair of
/// neighbouring tokens within the text's pre-tokens (`next_pre_token`; special tokens are cut out
/// first), the smaller (left, right) among equals; the list ends early when no pair occurs twice.
/// The result depends on the arguments alone. `specials` as in_special_token_order makes them.
/// Error(unsupported): the distinct pre-tokens of the text are 2^32 - 1 bytes or more.
std::vector<BpeMerge> learn_bpe_merges(std::string_view text, std::span<const std::string> specials,
                                       int n_merges, TokenId first_merge_id);

}  // namespace alpha
