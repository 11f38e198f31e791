#include "alpha/checkpoint/hf_gpt2_config.h"

#include <string>

#include "alpha/core/json.h"

namespace alpha {

namespace {

constexpr double kLayerNormEpsilon = 1e-5;  // of alpha/tensor/ops/layer_norm.h
constexpr double kDefaultDropout = 0.1;     // what transformers takes for a missing field

/// As json_get. That shows the value in its message, which for an array may be deeper than the
/// stack.
template<class T>
T field(const Json& json, const char* key, std::string_view where) {
  const auto it = json.find(key);
  if (it != json.end() && it->is_structured()) {
    fail(ErrorCode::corrupt, "{}: field '{}' is an {}", where, key, it->type_name());
  }
  return json_get<T>(json, key, where);
}

/// A field that may be missing or null, which both mean `fallback`.
template<class T>
T optional_field(const Json& json, const char* key, std::string_view where, T fallback) {
  const auto it = json.find(key);
  return it == json.end() || it->is_null() ? fallback : field<T>(json, key, where);
}

template<class T>
void require(const Json& json, const char* key, std::string_view where, const T& expected) {
  const T value = optional_field<T>(json, key, where, expected);
  if (value == expected) return;
  fail(ErrorCode::unsupported, "{}: field '{}' is {}, expected {}", where, key, value, expected);
}

void require_gpt2_function(const Json& json, std::string_view where) {
  const auto type = field<std::string>(json, "model_type", where);
  if (type != "gpt2") {
    fail(ErrorCode::unsupported, "{}: field 'model_type' is '{}', expected 'gpt2'", where, type);
  }
  const auto activation =
      optional_field<std::string>(json, "activation_function", where, "gelu_new");
  if (activation != "gelu_new" && activation != "gelu_pytorch_tanh") {
    fail(ErrorCode::unsupported, "{}: field 'activation_function' is '{}', expected 'gelu_new'",
         where, activation);
  }
  require(json, "layer_norm_epsilon", where, kLayerNormEpsilon);
  require(json, "scale_attn_weights", where, true);
  require(json, "scale_attn_by_inverse_layer_idx", where, false);
  require(json, "add_cross_attention", where, false);
}

/// The fields of Alpha's own, of a model that was trained without biases.
void read_own_fields(const Json& json, std::string_view where, GptConfig& config) {
  config.has_bias = true;
  config.has_norm_bias = true;
  const auto own = json.find("alpha");
  if (own == json.end()) return;
  if (!own->is_object()) fail(ErrorCode::corrupt, "{}: field 'alpha' is not an object", where);
  config.has_bias = optional_field<bool>(*own, "bias", where, true);
  config.has_norm_bias = optional_field<bool>(*own, "normBias", where, true);
}

}  // namespace

Json to_hf_config(const GptConfig& config, std::optional<TokenId> end_of_text) {
  const bool is_default_width = config.resolved_ffn_dim() == 4 * config.n_embd;
  const Json end = end_of_text ? Json(*end_of_text) : Json();
  Json json = {{"architectures", {"GPT2LMHeadModel"}},
               {"model_type", "gpt2"},
               {"vocab_size", config.vocab_size},
               {"n_positions", config.block_size},
               {"n_ctx", config.block_size},
               {"n_embd", config.n_embd},
               {"n_layer", config.n_layer},
               {"n_head", config.n_head},
               {"n_inner", is_default_width ? Json() : Json(config.resolved_ffn_dim())},
               {"activation_function", "gelu_new"},
               {"layer_norm_epsilon", kLayerNormEpsilon},
               {"attn_pdrop", config.dropout},
               {"embd_pdrop", config.dropout},
               {"resid_pdrop", config.dropout},
               {"scale_attn_weights", true},
               {"tie_word_embeddings", config.is_tied},
               {"bos_token_id", end},
               {"eos_token_id", end},
               {"torch_dtype", "float32"}};
  if (!config.has_bias || !config.has_norm_bias) {
    json["alpha"] = {{"bias", config.has_bias}, {"normBias", config.has_norm_bias}};
  }
  return json;
}

GptConfig gpt_config_from_hf(const Json& json, std::string_view where) {
  if (!json.is_object()) fail(ErrorCode::corrupt, "{}: not an object", where);
  require_gpt2_function(json, where);
  GptConfig config;
  config.vocab_size = field<std::int64_t>(json, "vocab_size", where);
  config.block_size = json.contains("n_positions") ? field<std::int64_t>(json, "n_positions", where)
                                                   : field<std::int64_t>(json, "n_ctx", where);
  config.n_embd = field<std::int64_t>(json, "n_embd", where);
  config.n_layer = field<std::int64_t>(json, "n_layer", where);
  config.n_head = field<std::int64_t>(json, "n_head", where);
  config.ffn_dim = optional_field<std::int64_t>(json, "n_inner", where, 0);
  config.dropout = optional_field<double>(json, "resid_pdrop", where, kDefaultDropout);
  config.is_tied = optional_field<bool>(json, "tie_word_embeddings", where, true);
  config.soft_cap = 0;
  read_own_fields(json, where, config);
  try {
    config.validate();
  } catch (const Error& error) {
    fail(ErrorCode::corrupt, "{}: {}", where, error.what());
  }
  return config;
}

}  // namespace alpha
