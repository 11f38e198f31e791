#include "alpha/inference/generate.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace alpha {

namespace {

RunnerOptions runner_options(const GptConfig& config, std::int64_t max_samples,
                             std::int64_t max_positions) {
  constexpr std::int64_t kRows = 128;
  const std::int64_t n_positions =
      max_positions > 0 ? std::min(max_positions, config.block_size) : config.block_size;
  // One block more each: where samples part, the last block of the prompt is copied.
  return {.n_blocks = max_samples * (kv_blocks_for(n_positions) + 1),
          .max_step_rows = std::max(kRows, max_samples)};
}

}  // namespace

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

Generator::Generator(Backend& backend, std::shared_ptr<const Weights> weights,
                     std::int64_t max_samples, std::int64_t max_positions)
    : runner_(backend, weights, runner_options(weights->config, max_samples, max_positions)),
      scheduler_(runner_, *weights->tokenizer, {.max_sessions = max_samples, .max_waiting = 1},
                 clock_) {}

std::vector<GenerateResult> Generator::run(GenerateRequest request,
                                           const std::function<bool(const TokenEvent&)>& on_event) {
  const std::int64_t n = request.n;
  const std::unique_ptr<Completion> completion = scheduler_.submit(std::move(request));
  std::vector<GenerateResult> results(static_cast<std::size_t>(n));
  std::optional<Error> error;
  TokenEvent event;
  for (bool is_unfinished = true; is_unfinished;) {
    is_unfinished = scheduler_.run_step();
    while (completion->try_next(event)) {
      GenerateResult& result = results[static_cast<std::size_t>(event.sample)];
      result.text += event.text;
      if (event.kind == EventKind::token) result.tokens.push_back(event.token);
      if (event.kind == EventKind::end) {
        result.stop_reason = event.stop_reason;
        result.usage = event.usage;
        if (event.stop_reason == StopReason::error) error = Error(event.error_code, event.error);
      }
      if (on_event && !on_event(event)) completion->cancel();
    }
  }
  if (error) throw Error(*error);
  return results;
}

std::string Generator::write_on(std::string_view prompt, std::int64_t max_tokens,
                                const SamplingOptions& sampling) {
  std::vector<TokenId> tokens = encode_prompt(tokenizer(), prompt);
  const auto results =
      run({.prompt = tokens, .max_tokens = max_tokens, .sampling = sampling, .is_sliding = true});
  tokens.insert(tokens.end(), results[0].tokens.begin(), results[0].tokens.end());
  return tokenizer().decode(tokens);
}

}  // namespace alpha
