#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/checkpoint/support.h"

#include "alpha/core/json.h"
#include "alpha/model/parameters.h"
#include "alpha/tokenizers/bpe_tokenizer.h"

namespace alpha::test {

using Weights = std::map<std::string, std::vector<float>>;

inline std::unique_ptr<BpeTokenizer> small_tokenizer(std::vector<std::string> specials = {
                                                         std::string(kEndOfText), "<|user|>"}) {
  return BpeTokenizer::train("the cat sat on the mat, the cat sat; caf\u00e9 caf\u00e9 12 12\n\n",
                             270, std::move(specials));
}

/// A preset with two layers of 32 for the tokens of `small_tokenizer`.
inline GptConfig small_gpt2(std::string_view preset = "gpt2") {
  GptConfig config = gpt_preset(preset);
  config.vocab_size = small_tokenizer()->vocab_size();
  config.block_size = 12;
  config.n_layer = 2;
  config.n_embd = 32;
  config.n_head = 4;
  config.dropout = 0.125;
  return config;
}

inline Weights random_weights(const GptConfig& config, double scale = 1) {
  std::mt19937 rng(7);
  Weights weights;
  for (const ParameterSpec& spec : gpt_parameters(config)) {
    std::vector<float>& values = weights[spec.name];
    for (std::int64_t i = 0; i < spec.shape.numel(); ++i) {
      const double unit = static_cast<double>(rng()) / 4294967296.0;
      values.push_back(static_cast<float>(scale * (2 * unit - 1)));
    }
  }
  return weights;
}

/// A checkpoint at `path`, without training state.
inline void save_model(const std::filesystem::path& path, const GptConfig& config,
                       const Weights& weights, const Tokenizer& tokenizer) {
  CopyBackend backend;
  CheckpointContent content;
  content.config = {{"modelConfig", to_json(config)}};
  content.tokenizer = tokenizer.to_json();
  for (const ParameterSpec& spec : gpt_parameters(config)) {
    const std::vector<float>& values = weights.at(spec.name);
    content.model.push_back({spec.name, from_values(backend, spec.shape, values)});
  }
  save_checkpoint_directory(path, backend, content);
}

/// The f32 tensors of a safetensors file.
inline Weights read_weights(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  Weights weights;
  for (const SafetensorsEntry& entry : file.entries()) {
    std::vector<float>& values = weights[entry.name];
    values.resize(static_cast<std::size_t>(entry.shape.numel()));
    std::memcpy(values.data(), file.bytes(entry).data(), file.bytes(entry).size());
  }
  return weights;
}

}  // namespace alpha::test
