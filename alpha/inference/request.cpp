#include "alpha/inference/request.h"

#include <algorithm>

#include "alpha/inference/model_runner.h"

namespace alpha {

namespace {

void check_tokens_of(std::string_view what, std::span<const TokenId> tokens,
                     std::int64_t vocab_size) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= 0 && tokens[i] < vocab_size) continue;
    fail_invalid("{} {} is {}, expected 0 to {}", what, i, tokens[i], vocab_size - 1);
  }
}

void check_range(std::string_view what, std::int64_t value, std::int64_t least, std::int64_t most) {
  if (value < least || value > most) {
    fail_invalid("{}: got {}, expected {} to {}", what, value, least, most);
  }
}

void check_lengths(const GenerateRequest& request, const RequestLimits& limits) {
  const std::int64_t n_prompt = std::ssize(request.prompt);
  if (n_prompt == 0) fail_invalid("the prompt has 0 tokens, expected at least 1");
  const bool must_fit = !request.is_sliding || request.prompt_log_probs || request.is_embedding;
  if (must_fit && n_prompt > limits.block_size) {
    fail_invalid("the prompt has {} tokens, expected at most {}, the length of the context",
                 n_prompt, limits.block_size);
  }
  if (request.max_tokens < 0) {
    fail_invalid("max_tokens: got {}, expected at least 1", request.max_tokens);
  }
  if (request.is_embedding && (request.max_tokens > 0 || request.n > 1)) {
    fail_invalid("an embedding with {} tokens and {} samples, expected 0 and 1", request.max_tokens,
                 request.n);
  }
  if (request.max_tokens == 0 && !request.prompt_log_probs && !request.is_embedding) {
    fail_invalid("max_tokens: got 0, expected at least 1 where no prompt log-probs are asked for");
  }
  // The last token is written, not read.
  const std::int64_t n_room = std::max<std::int64_t>(limits.block_size - n_prompt, 0);
  const std::int64_t n_read = std::min(n_prompt, limits.block_size) +
                              std::clamp<std::int64_t>(request.max_tokens - 1, 0, n_room);
  if (kv_blocks_for(n_read) > limits.n_blocks) {
    fail_invalid("prompt and output need {} KV blocks of {} positions, and there are {}",
                 kv_blocks_for(n_read), kKvBlockTokens, limits.n_blocks);
  }
}

}  // namespace

void validate(const GenerateRequest& request, const RequestLimits& limits) {
  check_lengths(request, limits);
  check_tokens_of("prompt token", request.prompt, limits.vocab_size);
  check_range("n", request.n, 1, limits.max_samples);
  check_range("stop tokens", std::ssize(request.stop_tokens), 0,
              static_cast<std::int64_t>(GenerateRequest::kMaxStopTokens));
  check_tokens_of("stop token", request.stop_tokens, limits.vocab_size);
  check_range("top log-probs", request.log_probs.value_or(0), 0, limits.max_top_log_probs);
  request.sampling.validate(limits.vocab_size);
  request.text.validate();
}

}  // namespace alpha
