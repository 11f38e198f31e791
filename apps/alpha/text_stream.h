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

/// Runs a request for one sample to its end, or until somebody asks to stop. `is_shown`: the
/// continuation goes to stdout, as it is made.
GenerateResult stream_text(Generator& generator, GenerateRequest request, bool is_shown);

/// Tokens per second of the two phases; the first token comes out of the prefill.
double prefill_rate(const GenerateResult& result) noexcept;
double decode_rate(const GenerateResult& result) noexcept;

}  // namespace alpha::cli
