#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// Tokens to learn from and tokens to judge by.
struct TrainingData {
  std::vector<TokenId> train;
  std::vector<TokenId> validation;
  std::int64_t n_validation_bytes = 0;  // of the text that the validation tokens stand for
  std::uint64_t fingerprint = 0;        // of both texts: a resumed run must read the same data
};

/// Special tokens in the texts become special tokens.
TrainingData tokenize_data(const Tokenizer& tokenizer, std::string_view train_text,
                           std::string_view validation_text);

/// Error: either part has not more tokens than the block: both numbers and what to do.
void check_data(const TrainingData& data, std::int64_t block_size);

}  // namespace alpha
