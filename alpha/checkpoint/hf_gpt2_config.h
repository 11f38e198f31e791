#pragma once

#include <optional>
#include <string_view>

#include "alpha/core/json_fwd.h"
#include "alpha/model/gpt_config.h"
#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

// Names in a folder of Hugging Face's.
inline constexpr std::string_view kHfConfigFile = "config.json";
inline constexpr std::string_view kHfWeightsFile = "model.safetensors";
inline constexpr std::string_view kHfModelPrefix = "transformer.";  // of some writers' tensors
inline constexpr std::string_view kHfHead = "lm_head.weight";

/// config.json of a GPT-2. What GPT-2 has no field for (a model without biases) stands under
/// "alpha".
Json to_hf_config(const GptConfig& config, std::optional<TokenId> end_of_text);

/// Reads and validates config.json. Error, starting with `where`: corrupt, naming the field;
/// unsupported for a model that is not Alpha's GPT-2.
GptConfig gpt_config_from_hf(const Json& json, std::string_view where);

}  // namespace alpha
