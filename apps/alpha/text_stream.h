#pragma once

#include <string>

#include "alpha/inference/generate.h"

namespace alpha::cli {

/// A prompt as a model reads it, and the text to show for it.
struct Prompt {
  std::vector<TokenId> tokens;
  std::string text;  // empty when the prompt was: the start token is not shown
};

Prompt read_prompt(const Tokenizer& tokenizer, const std::string& text);

struct StreamedText {
  GenerateResult result;
  std::string text;  // the continuation
};

/// Writes on from a prompt until `max_tokens`, the end of the text, or somebody asks to stop.
/// `is_shown`: the continuation goes to stdout, as it is made.
StreamedText stream_text(const Generator& generator, const Prompt& prompt, std::int64_t max_tokens,
                         const SamplingOptions& options, bool is_shown);

/// Tokens per second of the two phases; the first token comes out of the prefill.
double prefill_rate(const GenerateResult& result) noexcept;
double decode_rate(const GenerateResult& result) noexcept;

}  // namespace alpha::cli
