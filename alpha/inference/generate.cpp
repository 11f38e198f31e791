#include "alpha/inference/generate.h"

#include <cmath>

#include "alpha/core/clock.h"
#include "alpha/tensor/create.h"

namespace alpha {

namespace {

/// The sequence being written: its text so far and the model's memory of it.
class Writer {
 public:
  Writer(const Generator& g, std::span<const TokenId> prompt)
      : g_(g),
        tape_(g.backend, false),
        cache_(g.backend, g.config, 1, g.weights.wpe.dtype()),
        text_(prompt.begin(), prompt.end()),
        logits_(static_cast<std::size_t>(g.config.vocab_size)) {}

  /// Reads what has not been read yet and returns the logits of what comes next.
  std::span<const float> read() {
    const auto block = static_cast<std::size_t>(g_.config.block_size);
    if (text_.size() - window_ > block) {
      // Keep half a block: the model never sees less than that, and reads it once per half block.
      window_ = text_.size() - std::max<std::size_t>(block / 2, 1);
      cache_.length = 0;
    }
    const auto unread = std::span(text_).subspan(window_ + static_cast<std::size_t>(cache_.length));
    const Tensor tokens =
        empty(g_.backend, {1, static_cast<std::int64_t>(unread.size())}, DType::i32);
    g_.backend.upload(unread.data(), tokens);
    const Variable logits = gpt_forward(tape_, g_.config, g_.weights, tokens,
                                        {.is_last_position_only = true, .cache = &cache_});
    ALPHA_CHECK(logits.dtype() == DType::f32 && logits.data().numel() == g_.config.vocab_size,
                "logits of another dtype or size than the model's");
    g_.backend.download(logits.data(), logits_.data());
    for (std::size_t i = 0; i < logits_.size(); ++i) {
      if (!std::isfinite(logits_[i])) {
        fail(ErrorCode::corrupt, "logit {} is {} after {} tokens: the weights are damaged", i,
             logits_[i], text_.size());
      }
    }
    return logits_;
  }

  void append(TokenId id) { text_.push_back(id); }

  /// Tokens the model remembers.
  std::int64_t n_read() const noexcept { return cache_.length; }

 private:
  const Generator& g_;
  Tape tape_;
  KvCache cache_;
  std::vector<TokenId> text_;
  std::size_t window_ = 0;  // where in the text the cache begins
  std::vector<float> logits_;
};

}  // namespace

std::string_view to_string(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::length: return "length";
    case StopReason::end_of_text: return "end_of_text";
    case StopReason::cancelled: return "cancelled";
  }
  return "unknown";
}

std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, std::string_view prompt) {
  std::vector<TokenId> tokens = tokenizer.encode(prompt, SpecialTokens::allowed);
  if (!tokens.empty()) return tokens;
  if (const auto start = tokenizer.start_token()) return {*start};
  if (prompt.empty()) {
    fail_invalid("the prompt is empty, and the {} tokenizer has no start token to begin from",
                 tokenizer.type());
  }
  fail_invalid("none of the {} bytes of the prompt is in the vocabulary of the {} tokenizer",
               prompt.size(), tokenizer.type());
}

GenerateResult generate(const Generator& generator, std::span<const TokenId> prompt,
                        std::int64_t max_tokens, const SamplingOptions& options,
                        const std::function<bool(TokenId)>& on_token) {
  if (prompt.empty()) fail_invalid("[generate] the prompt has 0 tokens, expected at least 1");
  if (max_tokens < 0)
    fail_invalid("[generate] {} tokens asked for, expected 0 or more", max_tokens);
  check_tokens(prompt, generator.config.vocab_size);
  const SystemClock clock;
  Sampler sampler(options);
  Writer writer(generator, prompt);
  const std::optional<TokenId> end = generator.tokenizer.start_token();
  GenerateResult result;
  const double start = clock.seconds();
  double prefilled = start;
  while (static_cast<std::int64_t>(result.tokens.size()) < max_tokens) {
    const std::span<const float> logits = writer.read();
    if (result.tokens.empty()) {
      prefilled = clock.seconds();
      result.n_prompt_tokens = writer.n_read();
    }
    const TokenId id = sampler.next(logits);
    if (id == end) {
      result.stop_reason = StopReason::end_of_text;
      break;
    }
    writer.append(id);
    result.tokens.push_back(id);
    if (on_token && !on_token(id)) {
      result.stop_reason = StopReason::cancelled;
      break;
    }
  }
  result.prefill_seconds = prefilled - start;
  result.decode_seconds = clock.seconds() - prefilled;
  return result;
}

std::string generate_text(const Generator& generator, std::string_view prompt,
                          std::int64_t max_tokens, const SamplingOptions& options) {
  std::vector<TokenId> tokens = encode_prompt(generator.tokenizer, prompt);
  const GenerateResult result = generate(generator, tokens, max_tokens, options);
  tokens.insert(tokens.end(), result.tokens.begin(), result.tokens.end());
  return generator.tokenizer.decode(tokens);
}

}  // namespace alpha
