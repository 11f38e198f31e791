#include "apps/alpha/text_stream.h"

#include <utility>

#include "apps/alpha/console.h"
#include "apps/alpha/signals.h"

namespace alpha::cli {

namespace {

double rate(std::int64_t n_tokens, double seconds) noexcept {
  return n_tokens > 0 && seconds > 0 ? static_cast<double>(n_tokens) / seconds : 0;
}

}  // namespace

Prompt read_prompt(const Tokenizer& tokenizer, const std::string& text) {
  Prompt prompt{.tokens = encode_prompt(tokenizer, text), .text = {}};
  const bool is_start_alone = tokenizer.encode(text, SpecialTokens::allowed).empty();
  if (!is_start_alone) prompt.text = tokenizer.decode(prompt.tokens);
  return prompt;
}

GenerateResult stream_text(Generator& generator, GenerateRequest request, bool is_shown) {
  auto results = generator.run(std::move(request), [&](const TokenEvent& event) {
    if (is_shown && !event.text.empty()) write_stdout(event.text);
    return !stop_flag().load();
  });
  return std::move(results.front());
}

double prefill_rate(const GenerateResult& result) noexcept {
  return rate(result.usage.n_prompt_tokens, result.usage.prefill_seconds);
}

double decode_rate(const GenerateResult& result) noexcept {
  return rate(static_cast<std::int64_t>(result.tokens.size()) - 1, result.usage.decode_seconds);
}

}  // namespace alpha::cli
