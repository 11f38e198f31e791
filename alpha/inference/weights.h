#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "alpha/model/gpt.h"
#include "alpha/tokenizers/chat_template.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// A model ready for inference: immutable, its matrices packed, shared by all sessions. Every
/// tensor was found present, of the right shape and finite, the tokenizer as large as the
/// vocabulary.
struct Weights {
  GptConfig config;
  std::shared_ptr<const Tokenizer> tokenizer;
  ChatTemplate chat_template;
  GptWeights gpt;
  std::map<std::string, WeightMatrix> by_name;  // the same, by the names of the checkpoint
  WeightFormat format = WeightFormat::f32;
  std::size_t size_bytes = 0;  // in memory
  std::int64_t step = 0;       // of the training run
  std::filesystem::path path;
  std::string warning;  // a damaged newer checkpoint that was passed over; else empty
};

/// `path` is a checkpoint, or a run whose latest checkpoint is meant. A checkpoint that `alpha
/// quantize` wrote has its format; asking for another is refused. Error: not_found; corrupt, naming
/// the file or tensor; invalid_argument.
std::shared_ptr<const Weights> load_weights(const std::filesystem::path& path, Backend& backend,
                                            std::optional<WeightFormat> format = {});

/// From the parameters of a run in progress, which are copied.
std::shared_ptr<const Weights> pack_weights(Backend& backend, const GptConfig& config,
                                            std::shared_ptr<const Tokenizer> tokenizer,
                                            const Parameters& parameters,
                                            WeightFormat format = WeightFormat::f32);

/// Writes a checkpoint that holds the weights as they are packed; what else the run left (its
/// optimizer's state) is not in it. Error: io, invalid_argument.
void save_weights(const std::filesystem::path& path, Backend& backend, const Weights& weights);

}  // namespace alpha
