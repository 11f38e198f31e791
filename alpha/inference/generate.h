#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/inference/sampler.h"
#include "alpha/model/gpt.h"

namespace alpha {

/// A model that can be run: configuration, weights and tokenizer, borrowed.
struct Generator {
  Backend& backend;
  const GptConfig& config;
  const GptWeights& weights;
  const Tokenizer& tokenizer;
};

enum class StopReason : std::uint8_t { length, end_of_text, cancelled };

std::string_view to_string(StopReason reason) noexcept;

struct GenerateResult {
  std::vector<TokenId> tokens;  // without the prompt and without the end-of-text token
  StopReason stop_reason = StopReason::length;
  std::int64_t n_prompt_tokens = 0;  // that the model has read
  double prefill_seconds = 0;
  double decode_seconds = 0;
};

/// The prompt as tokens. A prompt that is empty, or encodes to nothing, starts from the tokenizer's
/// start token; where there is none it is refused. Error: invalid_argument.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, std::string_view prompt);

/// Writes on from `prompt`, token by token, until `max_tokens`, the end-of-text token, or
/// `on_token(id)` returning false. When the text outgrows the block, its last half block is read
/// anew and the writing goes on, so that the length is not bound by the block; a prompt longer than
/// the block is read from its last half block on. Error: an empty prompt, a token outside the
/// vocabulary, logits that are not finite.
GenerateResult generate(const Generator& generator, std::span<const TokenId> prompt,
                        std::int64_t max_tokens, const SamplingOptions& options,
                        const std::function<bool(TokenId)>& on_token = {});

/// Prompt in, prompt and continuation out, as one text.
std::string generate_text(const Generator& generator, std::string_view prompt,
                          std::int64_t max_tokens, const SamplingOptions& options);

}  // namespace alpha
