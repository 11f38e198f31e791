#include "alpha/model/gpt_config.h"

#include <array>
#include <cmath>

#include "alpha/core/json.h"
#include "alpha/core/suggest.h"
#include "alpha/model/parameters.h"

namespace alpha {

namespace {

constexpr std::array<std::string_view, 6> kPresets = {"alpha",       "nanogpt",    "gpt2",
                                                      "gpt2-medium", "gpt2-large", "gpt2-xl"};
constexpr double kMaxWeights = 1e13;
constexpr std::int64_t kMaxSize = std::int64_t{1} << 24;

void check_size(std::string_view name, std::int64_t value) {
  if (value < 1 || value > kMaxSize) {
    fail_invalid("model: {} is {}, expected 1 to {}", name, value, kMaxSize);
  }
}

GptConfig gpt2(std::int64_t n_layer, std::int64_t n_head, std::int64_t n_embd) {
  return {.vocab_size = 50257,
          .block_size = 1024,
          .n_layer = n_layer,
          .n_embd = n_embd,
          .n_head = n_head,
          .soft_cap = 0,
          .has_bias = true,
          .is_tied = true};
}

}  // namespace

void GptConfig::validate() const {
  check_size("vocabulary size", vocab_size);
  check_size("block size", block_size);
  check_size("number of layers", n_layer);
  check_size("width", n_embd);
  check_size("number of heads", n_head);
  if (ffn_dim != 0) check_size("feed-forward width", ffn_dim);
  if (n_embd % n_head != 0) {
    fail_invalid(
        "model: {} heads do not divide a width of {}; choose a width that is a multiple of {}",
        n_head, n_embd, n_head);
  }
  const double n_weights =
      static_cast<double>(n_layer) * static_cast<double>(n_embd) *
          static_cast<double>(4 * n_embd + 2 * resolved_ffn_dim()) +
      static_cast<double>(vocab_size + block_size) * static_cast<double>(n_embd);
  if (n_weights > kMaxWeights) {
    fail_invalid("model: it would have {:.3g} weights, expected at most {:.0e}", n_weights,
                 kMaxWeights);
  }
  if (!(dropout >= 0 && dropout < 1))
    fail_invalid("model: dropout is {}, expected 0 <= p < 1", dropout);
  if (!(soft_cap >= 0) || !std::isfinite(soft_cap))
    fail_invalid("model: soft cap is {}, expected 0 (none) or more", soft_cap);
}

std::int64_t GptConfig::resolved_ffn_dim() const noexcept {
  if (ffn_dim != 0) return ffn_dim;
  if (activation != FfnActivation::swiglu) return 4 * n_embd;
  return (8 * n_embd + 191) / 192 * 64;
}

std::int64_t GptConfig::n_parameters() const {
  std::int64_t n = 0;
  for (const ParameterSpec& spec : gpt_parameters(*this)) n += spec.shape.numel();
  return n;
}

double GptConfig::flops_per_token(std::int64_t T) const {
  const std::int64_t ffn_products = activation == FfnActivation::swiglu ? 3 : 2;
  const std::int64_t per_layer = 4 * n_embd * n_embd + ffn_products * n_embd * resolved_ffn_dim();
  const auto n = static_cast<double>(n_layer * per_layer + vocab_size * n_embd);
  return 6 * n + 12 * static_cast<double>(n_layer * n_embd * T);
}

std::string_view to_string(Norm norm) noexcept {
  return norm == Norm::layer_norm ? "layer_norm" : "rms_norm";
}

std::string_view to_string(FfnActivation activation) noexcept {
  switch (activation) {
    case FfnActivation::gelu: return "gelu";
    case FfnActivation::relu: return "relu";
    case FfnActivation::silu: return "silu";
    case FfnActivation::swiglu: return "swiglu";
  }
  return "unknown";
}

Norm parse_norm(std::string_view name) {
  for (const Norm norm : {Norm::layer_norm, Norm::rms_norm}) {
    if (to_string(norm) == name) return norm;
  }
  fail_invalid("unknown norm '{}', expected layer_norm or rms_norm", name);
}

FfnActivation parse_ffn_activation(std::string_view name) {
  using enum FfnActivation;
  for (const FfnActivation activation : {gelu, relu, silu, swiglu}) {
    if (to_string(activation) == name) return activation;
  }
  fail_invalid("unknown activation '{}', expected gelu, relu, silu or swiglu", name);
}

std::span<const std::string_view> gpt_preset_names() noexcept {
  return kPresets;
}

GptConfig gpt_preset(std::string_view name) {
  if (name == "alpha") return {};
  if (name == "gpt2") return gpt2(12, 12, 768);
  if (name == "gpt2-medium") return gpt2(24, 16, 1024);
  if (name == "gpt2-large") return gpt2(36, 20, 1280);
  if (name == "gpt2-xl") return gpt2(48, 25, 1600);
  if (name == "nanogpt") {
    GptConfig config = gpt2(12, 12, 768);
    config.has_bias = false;
    config.has_norm_bias = false;
    return config;
  }
  fail_invalid("unknown model preset '{}', expected one of: {}{}", name, fmt::join(kPresets, ", "),
               did_you_mean(name, kPresets));
}

Json to_json(const GptConfig& config) {
  return {{"vocabSize", config.vocab_size},
          {"blockSize", config.block_size},
          {"nLayer", config.n_layer},
          {"nEmbd", config.n_embd},
          {"nHead", config.n_head},
          {"dropout", config.dropout},
          {"ffnActivation", to_string(config.activation)},
          {"ffnDim", config.resolved_ffn_dim()},
          {"softCap", config.soft_cap},
          {"norm", to_string(config.norm)},
          {"bias", config.has_bias},
          {"normBias", config.has_norm_bias},
          {"tied", config.is_tied}};
}

GptConfig gpt_config_from_json(const Json& json, std::string_view where) {
  if (!json.is_object())
    fail(ErrorCode::corrupt, "{}: the model configuration is not an object", where);
  const GptConfig original;
  try {
    GptConfig config;
    config.vocab_size = json_get<std::int64_t>(json, "vocabSize", where);
    config.block_size = json_get<std::int64_t>(json, "blockSize", where);
    config.n_layer = json_get<std::int64_t>(json, "nLayer", where);
    config.n_embd = json_get<std::int64_t>(json, "nEmbd", where);
    config.n_head = json_get<std::int64_t>(json, "nHead", where);
    config.dropout = json_get<double>(json, "dropout", where, 0.0);
    config.activation =
        parse_ffn_activation(json_get<std::string>(json, "ffnActivation", where, "gelu"));
    config.ffn_dim = json_get<std::int64_t>(json, "ffnDim", where, std::int64_t{0});
    config.soft_cap = json_get<double>(json, "softCap", where, original.soft_cap);
    config.norm = parse_norm(json_get<std::string>(json, "norm", where, "layer_norm"));
    config.has_bias = json_get<bool>(json, "bias", where, original.has_bias);
    config.has_norm_bias = json_get<bool>(json, "normBias", where, original.has_norm_bias);
    config.is_tied = json_get<bool>(json, "tied", where, original.is_tied);
    config.validate();
    return config;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt) throw;
    fail(ErrorCode::corrupt, "{}: {}", where, error.what());
  }
}

}  // namespace alpha
