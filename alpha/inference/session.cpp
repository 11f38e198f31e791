#include "alpha/inference/session.h"

#include <algorithm>
#include <utility>

#include "alpha/core/error.h"

namespace alpha {

Session::Session(const SessionContext& context)
    : context_(context),
      end_of_text_(context.tokenizer.start_token()),
      sequence_(context.blocks, context.block_size),
      sampler_({}, context.vocab_size) {}

void Session::start(std::shared_ptr<Job> job, std::int64_t sample) {
  const GenerateRequest& request = job->request;
  std::span<const TokenId> prompt = request.prompt;
  if (std::ssize(prompt) > context_.block_size) {
    prompt = prompt.last(static_cast<std::size_t>(sequence_.n_kept_by_slide()));
  }
  SamplingOptions sampling = request.sampling;
  sampling.sample_index += static_cast<std::uint64_t>(sample);
  sampler_.reset(std::move(sampling));
  sampler_.see_prompt(request.prompt);
  text_.emplace(context_.tokenizer, request.text, prompt.back());
  grammar_.reset();
  if (request.grammar) grammar_.emplace(request.grammar);
  sequence_.start(prompt, request.cache_salt);
  job_ = std::move(job);
  sample_ = sample;
  has_ended_ = false;
  n_sent_ = 0;
  n_pooled_ = 0;
  hidden_sum_.clear();
  n_known_ = 0;
  begun_at_.reset();
  first_token_at_.reset();
  usage_ = {.n_prompt_tokens = std::ssize(prompt)};
}

void Session::clear() {
  sequence_.release_blocks();
  grammar_.reset();
  job_.reset();
}

void Session::follow(const Session& leader, bool is_sharing_blocks) {
  if (is_sharing_blocks) sequence_.fork(leader.sequence_);
  n_known_ = leader.n_known_;
}

bool Session::begin(double now) {
  if (begun_at_) return false;
  begun_at_ = now;
  return true;
}

bool Session::is_scoring_prompt() const noexcept {
  return job_->request.prompt_log_probs && sample_ == 0 && n_sent_ < usage_.n_prompt_tokens;
}

bool Session::is_pooling() const noexcept {
  return job_->request.is_embedding && n_pooled_ < usage_.n_prompt_tokens;
}

std::int64_t Session::count_cached() {
  const std::int64_t n = std::max<std::int64_t>(sequence_.n_computed() - n_known_, 0);
  n_known_ += n;
  usage_.n_cached_tokens += n;
  return n;
}

void Session::advance(std::int64_t n_rows) {
  sequence_.advance(n_rows);
  n_known_ = std::max(n_known_, sequence_.n_computed());
}

void Session::score_prompt(ModelRunner& runner, std::size_t slice, std::int64_t past,
                           std::int64_t n_rows) {
  const std::vector<TokenId>& prompt = job_->request.prompt;
  if (n_sent_ == 0) {
    push(EventKind::prompt_token, prompt.front());
    n_sent_ = 1;
  }
  // Row r, at position past + r, tells of the token after it.
  const std::int64_t first = n_sent_;
  const std::int64_t last = std::min(std::ssize(prompt), past + n_rows + 1);
  if (last <= first) return;
  scores_.resize(std::max(scores_.size(), static_cast<std::size_t>(n_rows)));
  const auto score = [&](std::int64_t i) {
    token_log_probs(runner.logits(slice, first + i - 1 - past),
                    prompt[static_cast<std::size_t>(first + i)],
                    job_->request.log_probs.value_or(0), scores_[static_cast<std::size_t>(i)]);
  };
  std::atomic<std::int64_t> failed = -1;
  runner.parallel(last - first, [&](std::int64_t i) {
    try {
      score(i);
    } catch (...) {
      failed = i;
    }
  });
  if (failed >= 0) score(failed);  // throws again, here
  for (std::int64_t i = 0; i < last - first; ++i) {
    event_.has_log_probs = true;
    std::swap(event_.log_probs, scores_[static_cast<std::size_t>(i)]);
    push(EventKind::prompt_token, prompt[static_cast<std::size_t>(first + i)]);
  }
  n_sent_ = last;
}

void Session::pool_hidden(const ModelRunner& runner, std::size_t slice, std::int64_t past,
                          std::int64_t n_rows) {
  hidden_sum_.resize(static_cast<std::size_t>(runner.hidden_size()));
  for (; n_pooled_ < past + n_rows; ++n_pooled_) {
    const std::span<const float> row = runner.hidden(slice, n_pooled_ - past);
    for (std::size_t c = 0; c < row.size(); ++c) hidden_sum_[c] += static_cast<double>(row[c]);
  }
}

void Session::draw(std::span<const float> logits) noexcept {
  try {
    drawn_ = sampler_.next(logits, allowed());
    if (const auto n_top = job_->request.log_probs) {
      token_log_probs(logits, drawn_, *n_top, event_.log_probs);
    }
  } catch (...) {
    draw_error_ = std::current_exception();
  }
}

/// The tokens that the grammar lets follow; where the text may end, those that end it too.
std::span<const std::uint64_t> Session::allowed() {
  if (!grammar_) return {};
  const std::span<const std::uint64_t> mask = grammar_->allowed();
  if (!grammar_->is_complete()) return mask;
  mask_.assign(mask.begin(), mask.end());
  const auto allow = [this](TokenId token) {
    mask_[static_cast<std::size_t>(token) / 64] |= std::uint64_t{1} << (token % 64);
  };
  if (end_of_text_) allow(*end_of_text_);
  std::ranges::for_each(job_->request.stop_tokens, allow);
  return mask_;
}

void Session::emit(double now) {
  if (!first_token_at_) first_token_at_ = now;
  try {
    if (draw_error_) std::rethrow_exception(std::exchange(draw_error_, nullptr));
    const GenerateRequest& request = job_->request;
    if (drawn_ == end_of_text_) return end(StopReason::end_of_text, now);
    const auto stop = std::ranges::find(request.stop_tokens, drawn_);
    if (stop != request.stop_tokens.end()) {
      return end(StopReason::stop_token, now,
                 static_cast<std::size_t>(stop - request.stop_tokens.begin()));
    }
    if (grammar_) grammar_->accept(drawn_);
    sequence_.append(drawn_);
    ++usage_.n_tokens;
    event_.text = text_->feed(drawn_);
    event_.has_log_probs = request.log_probs.has_value();
    push(EventKind::token, drawn_);
    if (text_->is_stopped()) return end(StopReason::stop_string, now);
    if (grammar_ && grammar_->must_end()) return end(StopReason::complete, now);
    if (usage_.n_tokens == request.max_tokens) return end(StopReason::length, now);
    if (!sequence_.is_too_long()) return;
    if (!request.is_sliding) return end(StopReason::length, now);
    sequence_.slide();
  } catch (const std::exception& error) {
    end(error, now);
  }
}

void Session::end(StopReason reason, double now, std::size_t stop_index) {
  if (has_ended_) return;
  has_ended_ = true;
  event_.text = text_->flush();
  // What was held back may complete a stop string yet.
  if (text_->is_stopped() && reason != StopReason::cancelled && reason != StopReason::error) {
    reason = StopReason::stop_string;
    stop_index = *text_->stopped_by();
  }
  event_.stop_reason = reason;
  event_.stop_index = stop_index;
  const double begun = begun_at_.value_or(now);
  const double first_token = first_token_at_.value_or(now);
  usage_.queue_seconds = begun - job_->submitted_at;
  usage_.prefill_seconds = first_token - begun;
  usage_.decode_seconds = now - first_token;
  event_.usage = usage_;
  if (job_->request.is_embedding) {
    for (const double sum : hidden_sum_) {
      event_.embedding.push_back(static_cast<float>(sum / static_cast<double>(n_pooled_)));
    }
  }
  push(EventKind::end, 0);
}

void Session::end(const std::exception& error, double now) {
  if (has_ended_) return;
  const auto* known = dynamic_cast<const Error*>(&error);
  event_.error_code = known != nullptr ? known->code() : ErrorCode::internal;
  event_.error = error.what();
  end(StopReason::error, now);
}

void Session::push(EventKind kind, TokenId token) {
  event_.kind = kind;
  event_.sample = sample_;
  event_.token = token;
  job_->events.push(event_);
  // What came back is an old event.
  event_.text.clear();
  event_.error.clear();
  event_.embedding.clear();
  event_.has_log_probs = false;
  event_.log_probs.top.clear();
}

}  // namespace alpha
