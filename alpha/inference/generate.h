#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/clock.h"
#include "alpha/inference/gpt_runner.h"
#include "alpha/inference/scheduler_core.h"

namespace alpha {

/// The prompt as tokens. A prompt that is empty, or encodes to nothing, starts from the tokenizer's
/// start token; where there is none it is refused. Error: invalid_argument.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, std::string_view prompt);

/// What became of one sample.
struct GenerateResult {
  std::vector<TokenId> tokens;  // without the prompt and without the token that ended it
  std::string text;             // the same as text, cut at stop strings
  StopReason stop_reason = StopReason::length;
  SampleUsage usage;
};

/// One request at a time, on the calling thread: for a terminal, for samples during training. The
/// service runs the same scheduler on a thread of its own.
class Generator {
 public:
  /// `backend` outlives the generator. `max_samples` and `max_positions` (prompt and output; 0: as
  /// many as the model has) of one request.
  Generator(Backend& backend, std::shared_ptr<const Weights> weights, std::int64_t max_samples = 1,
            std::int64_t max_positions = 0);

  const Weights& weights() const noexcept { return runner_.weights(); }

  const Tokenizer& tokenizer() const noexcept { return *runner_.weights().tokenizer; }

  /// Runs a request to its end; `on_event(event)` returning false ends it earlier. Returns its n
  /// samples. Error: what the request asks cannot be; what the model's run failed with.
  std::vector<GenerateResult> run(GenerateRequest request,
                                  const std::function<bool(const TokenEvent&)>& on_event = {});

  /// Prompt in, prompt and continuation out, as one text.
  std::string write_on(std::string_view prompt, std::int64_t max_tokens,
                       const SamplingOptions& sampling);

 private:
  SystemClock clock_;
  GptRunner runner_;
  SchedulerCore scheduler_;
};

}  // namespace alpha
