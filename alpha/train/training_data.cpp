#include "alpha/train/training_data.h"

#include "alpha/core/error.h"
#include "alpha/core/hash.h"

namespace alpha {

namespace {

void check_part(std::string_view name, std::size_t n_tokens, std::int64_t block_size) {
  if (static_cast<std::int64_t>(n_tokens) > block_size) return;
  fail_invalid(
      "the {} text has {} tokens, expected more than the block size of {}: use more text or a "
      "smaller --block",
      name, n_tokens, block_size);
}

}  // namespace

TrainingData tokenize_data(const Tokenizer& tokenizer, std::string_view train_text,
                           std::string_view validation_text) {
  TrainingData data{.train = tokenizer.encode(train_text, SpecialTokens::allowed),
                    .validation = tokenizer.encode(validation_text, SpecialTokens::allowed),
                    .n_validation_bytes = 0,
                    .fingerprint = xxh3(hex64(xxh3(train_text)) + hex64(xxh3(validation_text)))};
  data.n_validation_bytes = static_cast<std::int64_t>(tokenizer.decode(data.validation).size());
  return data;
}

void check_data(const TrainingData& data, std::int64_t block_size) {
  check_part("training", data.train.size(), block_size);
  check_part("validation", data.validation.size(), block_size);
}

}  // namespace alpha
