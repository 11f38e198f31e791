#include "alpha/checkpoint/gguf_export.h"

#include <string_view>
#include <vector>

#include "alpha/core/error.h"
#include "alpha/tokenizers/byte_level.h"

namespace alpha {

namespace {

// The format's numbers for kinds of tokens.
constexpr std::int32_t kNormalToken = 1;
constexpr std::int32_t kControlToken = 3;

// LayerNorm's, of alpha/tensor/ops/layer_norm.h.
constexpr float kLayerNormEpsilon = 1e-5F;

std::uint32_t file_type(GgufType type) {
  switch (type) {
    case GgufType::f32: return 0;
    case GgufType::f16: return 1;
    case GgufType::q8_0: break;
  }
  return 7;
}

void add_model(const GptConfig& config, GgufType type, GgufMetadata& metadata) {
  const auto add = [&](std::string_view key, std::int64_t value) {
    metadata.add(key, static_cast<std::uint32_t>(value));
  };
  metadata.add("general.architecture", "gpt2");
  metadata.add("general.name", "alpha");
  metadata.add("general.file_type", file_type(type));
  if (type == GgufType::q8_0) metadata.add("general.quantization_version", std::uint32_t{2});
  add("gpt2.context_length", config.block_size);
  add("gpt2.embedding_length", config.n_embd);
  add("gpt2.feed_forward_length", config.resolved_ffn_dim());
  add("gpt2.block_count", config.n_layer);
  add("gpt2.attention.head_count", config.n_head);
  metadata.add("gpt2.attention.layer_norm_epsilon", kLayerNormEpsilon);
}

void add_tokenizer(const BpeTokenizer& tokenizer, GgufMetadata& metadata) {
  const auto end_of_text = tokenizer.start_token();
  if (!end_of_text) {
    fail(ErrorCode::unsupported,
         "[gguf] the tokenizer has no token {}: llama.cpp would end texts at token 11", kEndOfText);
  }
  std::vector<std::string> tokens;
  tokens.reserve(static_cast<std::size_t>(tokenizer.vocab_size()));
  for (TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    tokens.push_back(bytes_to_printable(tokenizer.piece(id)));
  }
  std::vector<std::int32_t> types(tokens.size(), kNormalToken);
  std::vector<std::string> merges;
  for (const BpeMerge& merge : tokenizer.merges()) {
    merges.push_back(tokens[static_cast<std::size_t>(merge.left)] + " " +
                     tokens[static_cast<std::size_t>(merge.right)]);
  }
  for (const std::string& special : tokenizer.special_tokens()) {
    const auto id = static_cast<std::size_t>(*tokenizer.special_token(special));
    tokens[id] = special;
    types[id] = kControlToken;
  }
  metadata.add("tokenizer.ggml.model", "gpt2");
  metadata.add("tokenizer.ggml.pre", "gpt-2");
  metadata.add("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
  metadata.add("tokenizer.ggml.token_type", std::span<const std::int32_t>(types));
  metadata.add("tokenizer.ggml.merges", std::span<const std::string>(merges));
  metadata.add("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(*end_of_text));
  metadata.add("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(*end_of_text));
  metadata.add("tokenizer.ggml.add_bos_token", false);
}

}  // namespace

void export_gguf(const Gpt2Checkpoint& checkpoint, const std::filesystem::path& path,
                 GgufType type) {
  require_absent(path);
  GgufMetadata metadata;
  add_model(checkpoint.config(), type, metadata);
  add_tokenizer(checkpoint.tokenizer(), metadata);
  std::vector<GgufTensor> tensors;
  for (const Gpt2Tensor& tensor : checkpoint.tensors()) {
    const bool is_kept = tensor.shape.rank() < 2 || tensor.alpha == "wpe";
    tensors.push_back({.name = tensor.gguf,
                       .shape = tensor.shape,
                       .type = is_kept ? GgufType::f32 : type,
                       .elements = checkpoint.bytes(tensor)});
  }
  write_gguf(path, metadata, tensors);
}

}  // namespace alpha
