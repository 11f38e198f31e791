#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "alpha/grammar/grammar_matcher.h"
#include "alpha/inference/job.h"
#include "alpha/inference/sampler.h"
#include "alpha/inference/sequence.h"
#include "alpha/inference/text_output.h"

namespace alpha {

/// What all sessions of a scheduler share.
struct SessionContext {
  KvBlocks& blocks;
  const Tokenizer& tokenizer;
  std::int64_t block_size = 0;
  std::int64_t vocab_size = 0;
};

/// One sample of a request while it is written: its sequence, its random stream, its text. Turns
/// logits into events. Made once, used for one sample after the other.
class Session {
 public:
  explicit Session(const SessionContext& context);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Takes on sample `sample` of `job`, whose request is valid.
  void start(std::shared_ptr<Job> job, std::int64_t sample);

  /// Gives back the blocks and lets go of the job.
  void clear();

  Job& job() const noexcept { return *job_; }

  std::int64_t sample() const noexcept { return sample_; }

  Sequence& sequence() noexcept { return sequence_; }

  const Sequence& sequence() const noexcept { return sequence_; }

  /// The first sample of a request reads the prompt; until it has, the others wait for it.
  bool is_follower() const noexcept { return sample_ > 0 && !job_->is_prompt_read; }

  /// A follower goes its own way, from what `leader` has read; without its blocks, where there is
  /// no room to share them, it reads the prompt again.
  void follow(const Session& leader, bool is_sharing_blocks);

  /// Work on the sample begins: true the first time.
  bool begin(double now);

  bool has_ended() const noexcept { return has_ended_; }

  /// Whether it draws tokens at all, or only scores its prompt.
  bool is_drawing() const noexcept { return job_->request.max_tokens > 0; }

  std::int64_t n_written() const noexcept { return usage_.n_tokens; }

  /// Whether logits are needed after every position of the prompt.
  bool is_scoring_prompt() const noexcept;

  /// Whether the hidden state of every position of the prompt is needed.
  bool is_pooling() const noexcept;

  /// One of the two: no position may be skipped because others have computed it.
  bool needs_every_position() const noexcept { return is_scoring_prompt() || is_pooling(); }

  /// Counts what is computed though not by this session, and returns how many positions that is.
  std::int64_t count_cached();

  /// The next `n_rows` positions are computed.
  void advance(std::int64_t n_rows);

  /// Sends the tokens of the prompt whose log-probabilities slice `slice` of the last step tells;
  /// it began at position `past` and had `n_rows` rows. Error: corrupt, as token_log_probs.
  void score_prompt(ModelRunner& runner, std::size_t slice, std::int64_t past, std::int64_t n_rows);

  /// Adds up the hidden states of slice `slice` of the last step; as score_prompt.
  void pool_hidden(const ModelRunner& runner, std::size_t slice, std::int64_t past,
                   std::int64_t n_rows);

  /// Chooses the next token. Sessions may do this at the same time.
  void draw(std::span<const float> logits) noexcept;

  /// Sends what was drawn. Ends the sample where it is time to; else it can go on.
  void emit(double now);

  /// Sends the last event. `stop_index`: which stop token it was.
  void end(StopReason reason, double now, std::size_t stop_index = 0);
  void end(const std::exception& error, double now);

 private:
  void push(EventKind kind, TokenId token);
  std::span<const std::uint64_t> allowed();

  const SessionContext context_;
  const std::optional<TokenId> end_of_text_;
  Sequence sequence_;
  Sampler sampler_;
  std::optional<TextOutput> text_;
  std::optional<GrammarMatcher> grammar_;
  std::shared_ptr<Job> job_;
  std::int64_t sample_ = 0;
  bool has_ended_ = false;

  std::int64_t n_sent_ = 0;    // tokens of a prompt that is scored
  std::int64_t n_pooled_ = 0;  // positions in hidden_sum_
  std::int64_t n_known_ = 0;   // positions that were computed once, here or by others
  std::optional<double> begun_at_;
  std::optional<double> first_token_at_;
  SampleUsage usage_;

  // Kept for their memory.
  TokenEvent event_;                   // the next to be sent, blank otherwise
  std::vector<TokenLogProbs> scores_;  // one per row of a slice
  std::vector<double> hidden_sum_;     // [C]
  std::vector<std::uint64_t> mask_;    // of a text that may end here
  TokenId drawn_ = 0;
  std::exception_ptr draw_error_;
};

}  // namespace alpha
