#include "apps/alpha/text_stream.h"

#include <algorithm>

#include "apps/alpha/console.h"
#include "apps/alpha/signals.h"

#include "alpha/tokenizers/stream_decoder.h"

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

StreamedText stream_text(const Generator& generator, const Prompt& prompt, std::int64_t max_tokens,
                         const SamplingOptions& options, bool is_shown) {
  const std::optional<TokenId> previous =
      prompt.text.empty() ? std::nullopt : std::optional(prompt.tokens.back());
  StreamDecoder decoder(generator.tokenizer, previous);
  StreamedText out;
  const auto show = [&](const std::string& piece) {
    if (is_shown && !piece.empty()) write_stdout(piece);
    out.text += piece;
  };
  out.result = generate(generator, prompt.tokens, max_tokens, options, [&](TokenId id) {
    show(decoder.feed(id));
    return !stop_flag().load();
  });
  show(decoder.flush());
  return out;
}

double prefill_rate(const GenerateResult& result) noexcept {
  return rate(result.n_prompt_tokens, result.prefill_seconds);
}

double decode_rate(const GenerateResult& result) noexcept {
  return rate(static_cast<std::int64_t>(result.tokens.size()) - 1, result.decode_seconds);
}

}  // namespace alpha::cli
