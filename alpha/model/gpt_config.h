#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "alpha/core/json_fwd.h"

namespace alpha {

enum class Norm : std::uint8_t { layer_norm, rms_norm };

/// What stands between the two products of a feed-forward block. swiglu has three products:
/// proj(silu(gate) · up).
enum class FfnActivation : std::uint8_t { gelu, relu, silu, swiglu };

/// The shape of a GPT. Defaults are the original's (preset "alpha").
struct GptConfig {
  std::int64_t vocab_size = 256;
  std::int64_t block_size = 256;  // the longest sequence
  std::int64_t n_layer = 6;
  std::int64_t n_embd = 256;
  std::int64_t n_head = 8;
  std::int64_t ffn_dim = 0;  // 0: 4 n_embd, or for swiglu 8/3 n_embd rounded up to a multiple of 64
  double dropout = 0;
  double soft_cap = 30;       // of attention scores: cap · tanh(score / cap); 0 means none
  bool has_bias = false;      // in linear layers
  bool has_norm_bias = true;  // in layer norms
  bool is_tied = false;       // logits reuse the token embedding
  Norm norm = Norm::layer_norm;
  FfnActivation activation = FfnActivation::gelu;

  /// Error: a size below 1, heads that do not divide the width, dropout outside [0, 1), …: one
  /// sentence with the numbers.
  void validate() const;

  /// ffn_dim with 0 resolved.
  std::int64_t resolved_ffn_dim() const noexcept;

  /// Trainable numbers, a tied head counted once.
  std::int64_t n_parameters() const;

  /// Floating-point operations of forward and backward for one token of a sequence of T: 6 N + 12 L
  /// C T with N the parameters that enter products (Chowdhery et al., "PaLM", 2022, appendix B).
  double flops_per_token(std::int64_t T) const;

  bool operator==(const GptConfig&) const = default;
};

std::string_view to_string(Norm norm) noexcept;
std::string_view to_string(FfnActivation activation) noexcept;

/// Error: unknown name, with the known ones.
Norm parse_norm(std::string_view name);
FfnActivation parse_ffn_activation(std::string_view name);

/// "alpha" (the original), "gpt2" (biases, tied head, no soft cap; 124M) with "gpt2-medium",
/// "gpt2-large" and "gpt2-xl", "nanogpt" (gpt2 without biases). Error: unknown name.
GptConfig gpt_preset(std::string_view name);
std::span<const std::string_view> gpt_preset_names() noexcept;

/// The original's field names (vocabSize, blockSize, nLayer, nEmbd, nHead, dropout, …).
Json to_json(const GptConfig& config);

/// Reads and validates; fields that the original did not write take its values. Error: corrupt.
GptConfig gpt_config_from_json(const Json& json, std::string_view where);

}  // namespace alpha
