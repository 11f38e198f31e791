#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/model/gpt.h"
#include "alpha/tokenizers/chat_template.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// What a checkpoint says of its model beside the weights.
struct ModelDescription {
  GptConfig config;
  std::unique_ptr<Tokenizer> tokenizer;
  ChatTemplate chat_template;  // the checkpoint's own, else the one that fits its tokenizer
  std::int64_t step = 0;
};

/// Error: corrupt, naming the file; the tokenizer is not as large as the vocabulary.
ModelDescription describe_model(const CheckpointReader& reader);

/// A model ready to be run, read from a checkpoint: every tensor present, of the right shape and
/// finite, the tokenizer as large as the vocabulary.
struct TrainedModel {
  GptConfig config;
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<Parameters> parameters;
  GptWeights weights;
  std::int64_t step = 0;
  std::filesystem::path path;
  std::string warning;  // a damaged newer checkpoint that was passed over; else empty
};

/// `path` is a checkpoint, or a run whose latest checkpoint is meant. Forward passes run in
/// `compute_dtype`. Error: not_found; corrupt, naming the file or tensor.
TrainedModel load_model(const std::filesystem::path& path, Backend& backend,
                        DType compute_dtype = DType::f32);

}  // namespace alpha
