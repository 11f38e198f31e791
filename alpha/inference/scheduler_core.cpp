#include "alpha/inference/scheduler_core.h"

#include <algorithm>
#include <utility>

#include "alpha/core/error.h"

namespace alpha {

namespace {

SchedulerOptions checked(SchedulerOptions options, const ModelRunner& runner) {
  const std::int64_t most = runner.max_step_rows();
  if (options.max_step_rows == 0) options.max_step_rows = most;
  options.prefill_chunk = std::min(options.prefill_chunk, options.max_step_rows);
  const auto check = [](const char* what, std::int64_t value, std::int64_t least,
                        std::int64_t greatest) {
    if (value < least || value > greatest) {
      fail_invalid("[scheduler] {}: got {}, expected {} to {}", what, value, least, greatest);
    }
  };
  check("positions per step", options.max_step_rows, 1, most);
  // Each session may need a position of every step.
  check("sessions", options.max_sessions, 1, options.max_step_rows);
  check("prefill chunk", options.prefill_chunk, 1, options.max_step_rows);
  check("waiting requests", options.max_waiting, 1, 1'000'000);
  check("top log-probs", options.max_top_log_probs, 0, 1000);
  return options;
}

/// Ends the samples of a job, from `first` on, that never got a session.
void end_unstarted(Job& job, std::int64_t first, StopReason reason, std::string_view error,
                   double now, ErrorCode code = ErrorCode::internal) {
  for (std::int64_t i = first; i < job.request.n; ++i) {
    TokenEvent event;
    event.kind = EventKind::end;
    event.sample = i;
    event.stop_reason = reason;
    event.error = error;
    event.error_code = code;
    event.usage.queue_seconds = now - job.submitted_at;
    job.events.push(event);
  }
}

void end_overloaded(Job& job, double now, std::string_view error) {
  end_unstarted(job, 0, StopReason::error, error, now, ErrorCode::overloaded);
}

}  // namespace

SchedulerCore::SchedulerCore(ModelRunner& runner, const Tokenizer& tokenizer,
                             const SchedulerOptions& options, const Clock& clock)
    : runner_(runner),
      tokenizer_(tokenizer),
      options_(checked(options, runner)),
      clock_(clock),
      queue_(static_cast<std::size_t>(options_.max_waiting)),
      blocks_(runner.n_blocks()),
      pool_(options_.max_sessions, {.blocks = blocks_,
                                    .tokenizer = tokenizer,
                                    .block_size = runner.block_size(),
                                    .vocab_size = runner.vocab_size()}),
      line_(blocks_, runner, options_.max_sessions) {
  const auto n = static_cast<std::size_t>(options_.max_sessions);
  slices_.reserve(n);
  parts_.reserve(n);
  draws_.reserve(n);
  update_stats();
}

SchedulerCore::~SchedulerCore() {
  close_and_cancel();
  cancel();
}

std::unique_ptr<Completion> SchedulerCore::submit(GenerateRequest request) {
  if (request.is_endless) {
    if (const auto end = tokenizer_.start_token()) request.sampling.banned.push_back(*end);
  }
  validate(request, {.vocab_size = runner_.vocab_size(),
                     .block_size = runner_.block_size(),
                     .n_blocks = runner_.n_blocks(),
                     .max_samples = options_.max_sessions,
                     .max_top_log_probs = options_.max_top_log_probs});
  auto job = std::make_shared<Job>(std::move(request), clock_.seconds());
  auto completion = std::make_unique<Completion>(job);
  try {
    if (const auto displaced = queue_.push(std::move(job))) {
      n_refused_.fetch_add(1, std::memory_order_relaxed);
      end_overloaded(*displaced, clock_.seconds(),
                     "too many requests of this client wait beside those of others: try again "
                     "later");
    }
  } catch (const Error&) {
    n_refused_.fetch_add(1, std::memory_order_relaxed);
    throw;
  }
  return completion;
}

void SchedulerCore::close_and_cancel() {
  is_cancelling_.store(true);
  queue_.close();
}

bool SchedulerCore::run_step() {
  now_ = clock_.seconds();
  try {
    cancel();
    admit();
    plan();
    compute();
  } catch (const std::exception& error) {
    end_all(error);
  }
  line_.sweep();
  update_stats();
  return !line_.all().empty() || queue_.size() > 0;
}

/// Ends what nobody wants any more.
void SchedulerCore::cancel() {
  const bool is_every_one = is_cancelling_.load();
  for (const auto& session : line_.all()) {
    if (is_every_one || session->job().is_cancelled.load(std::memory_order_relaxed)) {
      session->end(StopReason::cancelled, now_);
    }
  }
  line_.sweep();
  for (const auto& job : queue_.remove_cancelled(is_every_one)) {
    end_unstarted(*job, 0, StopReason::cancelled, {}, now_);
  }
  for (const auto& job : queue_.remove_overdue(now_)) {
    end_overloaded(*job, now_,
                   fmt::format("the request has waited {:.1f} s, expected at most {:g}: try again "
                               "later",
                               now_ - job->submitted_at, job->request.max_queue_seconds));
  }
}

/// Gives waiting requests their sessions, and sessions without blocks the room to run.
void SchedulerCore::admit() {
  const auto count_active = [this](std::uint64_t client, std::uint64_t user) {
    RequestQueue::Active active;
    for (const SessionPool::Handle& session : line_.all()) {
      const GenerateRequest& request = session->job().request;
      if (request.client != client) continue;
      ++active.of_client;
      if (request.user == user) ++active.of_user;
    }
    return active;
  };
  while (const auto job = queue_.pop(pool_.size() - pool_.in_use(), count_active)) start(job);
  while (Session* session = line_.admit()) {
    if (!session->begin(now_) || session->sample() > 0) continue;
    const double waited = now_ - session->job().submitted_at;
    ++counts_.n_requests;
    counts_.queue_seconds += waited;
    counts_.longest_queue_seconds = std::max(counts_.longest_queue_seconds, waited);
  }
}

void SchedulerCore::start(const std::shared_ptr<Job>& job) {
  for (std::int64_t i = 0; i < job->request.n; ++i) {
    try {
      SessionPool::Handle session = pool_.acquire();
      session->start(job, i);
      line_.push(std::move(session));
    } catch (const std::exception& error) {
      return end_unstarted(*job, i, StopReason::error, error.what(), now_);
    }
  }
}

/// Decides which positions this step computes, and gets the blocks for them.
void SchedulerCore::plan() {
  slices_.clear();
  parts_.clear();
  const auto is_writing = [](const auto& session) {
    return !session->is_follower() && session->sequence().n_left() == 1;
  };
  const std::int64_t n_writing = std::ranges::count_if(line_.running(), is_writing);
  std::int64_t budget = options_.max_step_rows - n_writing;
  if (n_writing > 0) budget = std::min(budget, options_.prefill_chunk);
  for (std::size_t i = 0; i < line_.n_running(); ++i) {
    Session& session = *line_.all()[i];
    if (session.is_follower()) continue;
    Sequence& sequence = session.sequence();
    const bool is_reading = sequence.n_left() > 1;
    if (is_reading && !session.needs_every_position()) sequence.match();
    counts_.n_cached_tokens += session.count_cached();
    const std::int64_t n_rows = is_reading ? rows_to_read(session, budget) : 1;
    if (n_rows == 0 || !reserve(i, n_rows)) continue;
    if (is_reading) budget -= n_rows;
    LogitRows logits = LogitRows::none;
    if (n_rows == sequence.n_left() && session.is_drawing()) logits = LogitRows::last;
    if (session.is_scoring_prompt()) logits = LogitRows::all;
    slices_.push_back(sequence.slice(n_rows, logits));
    slices_.back().is_hidden_wanted = session.is_pooling();
    parts_.push_back({.session = &session, .past = sequence.n_computed(), .n_rows = n_rows});
  }
}

/// How much of its prompt a session reads in this step, of `budget` positions.
std::int64_t SchedulerCore::rows_to_read(const Session& session, std::int64_t budget) const {
  const Sequence& sequence = session.sequence();
  if (session.is_scoring_prompt()) {
    // The logits of all rows take room.
    return std::min({sequence.n_left(), budget, options_.prefill_chunk});
  }
  if (session.is_pooling()) return std::min(sequence.n_left(), budget);
  // What another session computes in this step is there to be taken over in the next one.
  for (const Part& part : parts_) {
    if (sequence.shares_next_block(part.session->sequence(), part.n_rows)) return 0;
  }
  return std::min(sequence.n_left(), budget);
}

/// Blocks for the session at `place`. False when it is not to be computed in this step.
bool SchedulerCore::reserve(std::size_t place, std::int64_t n_rows) {
  try {
    return line_.reserve(place, n_rows);
  } catch (const std::exception& error) {
    end(*line_.all()[place], error);
    return false;
  }
}

void SchedulerCore::compute() {
  if (slices_.empty()) return;
  try {
    runner_.step(slices_);
  } catch (const std::exception& error) {
    for (const Part& part : parts_) end(*part.session, error);
    return;
  }
  now_ = clock_.seconds();
  ++counts_.n_steps;
  draws_.clear();
  for (std::size_t slice = 0; slice < slices_.size(); ++slice) {
    const Part& part = parts_[slice];
    const bool is_decoding = part.n_rows == 1 && part.session->n_written() > 0;
    (is_decoding ? counts_.n_decode_tokens : counts_.n_prefill_tokens) += part.n_rows;
    try {
      read_logits(slice);
    } catch (const std::exception& error) {
      end(*part.session, error);
    }
  }
  draw_tokens();
}

/// What follows from a slice that is computed.
void SchedulerCore::read_logits(std::size_t slice) {
  const Part& part = parts_[slice];
  Session& session = *part.session;
  const LogitRows rows = slices_[slice].logits;
  session.advance(part.n_rows);
  if (slices_[slice].is_hidden_wanted) {
    session.pool_hidden(runner_, slice, part.past, part.n_rows);
  }
  if (rows == LogitRows::all) session.score_prompt(runner_, slice, part.past, part.n_rows);
  if (session.sequence().n_left() > 0) return;
  std::span<const float> logits;
  if (rows != LogitRows::none) {
    logits = runner_.logits(slice, rows == LogitRows::all ? part.n_rows - 1 : 0);
  }
  draws_.push_back({.session = &session, .logits = logits});
  if (!session.job().is_prompt_read) release_followers(session, logits);
}

/// The prompt is read: all samples draw their first token from the same logits.
void SchedulerCore::release_followers(const Session& leader, std::span<const float> logits) {
  Job& job = leader.job();
  for (std::size_t i = 0; i < line_.all().size(); ++i) {
    Session& session = *line_.all()[i];
    if (&session.job() != &job || !session.is_follower()) continue;
    session.follow(leader, i < line_.n_running());
    draws_.push_back({.session = &session, .logits = logits});
  }
  job.is_prompt_read = true;
}

void SchedulerCore::draw_tokens() {
  if (draws_.empty()) return;
  runner_.parallel(std::ssize(draws_), [this](std::int64_t i) {
    const Draw& draw = draws_[static_cast<std::size_t>(i)];
    if (draw.session->is_drawing()) draw.session->draw(draw.logits);
  });
  for (const Draw& draw : draws_) {
    if (draw.session->is_drawing()) {
      draw.session->emit(now_);
    } else {
      draw.session->end(StopReason::length, now_);
    }
  }
}

/// Ends a session, and with it those that wait for it to read the prompt.
void SchedulerCore::end(Session& session, const std::exception& error) {
  if (!session.job().is_prompt_read) {
    for (const auto& other : line_.all()) {
      if (&other->job() == &session.job()) other->end(error, now_);
    }
  }
  session.end(error, now_);
}

/// The last resort, for what nothing else has caught: lack of memory, a defect.
void SchedulerCore::end_all(const std::exception& error) {
  for (const auto& session : line_.all()) session->end(error, now_);
}

void SchedulerCore::update_stats() {
  counts_.n_waiting = static_cast<std::int64_t>(queue_.size());
  counts_.n_sessions = std::ssize(line_.all());
  counts_.n_running = static_cast<std::int64_t>(line_.n_running());
  counts_.n_blocks_used = blocks_.pool().n_used();
  counts_.n_blocks_idle = blocks_.pool().n_idle();
  counts_.n_blocks_free = blocks_.pool().n_free();
  counts_.n_preemptions = line_.n_preemptions();
  counts_.n_evictions = blocks_.n_evictions();
  const std::lock_guard lock(stats_mutex_);
  stats_ = counts_;
}

SchedulerStats SchedulerCore::stats() const {
  SchedulerStats stats;
  {
    const std::lock_guard lock(stats_mutex_);
    stats = stats_;
  }
  stats.n_refused = n_refused_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace alpha
