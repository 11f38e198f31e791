#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/error.h"
#include "alpha/grammar/grammar_masks.h"
#include "alpha/inference/sampler.h"
#include "alpha/inference/stop_reason.h"
#include "alpha/inference/text_output.h"
#include "alpha/inference/token_log_probs.h"

namespace alpha {

/// Everything one request wants: n samples that continue one prompt. The same request gives the
/// same samples whatever else runs.
struct GenerateRequest {
  std::vector<TokenId> prompt = {};
  std::int64_t max_tokens = 16;  // of each sample; 0 only with prompt_log_probs or is_embedding
  std::int64_t n = 1;            // samples; sample i draws with sampling.sample_index + i
  SamplingOptions sampling = {};
  TextOutputOptions text = {};                 // stop strings
  std::vector<TokenId> stop_tokens = {};       // each ends the sample, at most kMaxStopTokens
  bool is_endless = false;                     // the end-of-text token cannot be drawn
  bool is_sliding = false;                     // a full context goes on from its last half block
  bool prompt_log_probs = false;               // of each token of the prompt but the first
  std::optional<std::int64_t> log_probs = {};  // of drawn tokens, with this many of the likeliest
  std::shared_ptr<GrammarMasks> grammar = {};  // what is written keeps to it; null: anything
  bool is_embedding = false;                   // the mean of the prompt's last hidden states
  std::uint64_t client = 0;                    // who asks: sessions are shared out among clients
  std::uint64_t user = 0;                      // on whose behalf: and then among a client's users
  double max_queue_seconds = 0;                // ends where work has not begun; 0: waits
  std::uint64_t cache_salt = 0;                // only requests of one salt share what was computed
  std::function<void()> on_event = {};         // see Completion

  static constexpr std::size_t kMaxStopTokens = 64;
};

struct SampleUsage {
  std::int64_t n_prompt_tokens = 0;  // that the model has read at first
  std::int64_t n_cached_tokens = 0;  // of these, those that others had computed
  std::int64_t n_tokens = 0;         // written
  double queue_seconds = 0;          // from submit until work began
  double prefill_seconds = 0;        // from there to the first token
  double decode_seconds = 0;         // from there to the end
};

enum class EventKind : std::uint8_t { prompt_token, token, end };

/// What happened to a sample: a token of the prompt was read, a token was written, or it ended.
/// The texts of all its events, joined, are the sample's text.
struct TokenEvent {
  EventKind kind = EventKind::token;
  std::int64_t sample = 0;  // 0 … n - 1
  TokenId token = 0;        // not of an end
  std::string text = {};    // what is decided now, complete characters; may be empty
  bool has_log_probs = false;
  TokenLogProbs log_probs = {};

  // Of an end:
  StopReason stop_reason = StopReason::length;
  std::size_t stop_index = 0;  // which of the stop strings or stop tokens
  ErrorCode error_code = ErrorCode::internal;
  std::string error = {};
  SampleUsage usage = {};
  std::vector<float> embedding = {};  // [C], of a request for one
};

/// What a scheduler checks a request against.
struct RequestLimits {
  std::int64_t vocab_size = 0;
  std::int64_t block_size = 0;
  std::int64_t n_blocks = 0;
  std::int64_t max_samples = 0;
  std::int64_t max_top_log_probs = 0;
};

/// Error(invalid_argument): the first thing that is wrong with the request, with the numbers.
void validate(const GenerateRequest& request, const RequestLimits& limits);

}  // namespace alpha
