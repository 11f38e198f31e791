#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "alpha/core/clock.h"
#include "alpha/inference/completion.h"
#include "alpha/inference/kv_blocks.h"
#include "alpha/inference/model_runner.h"
#include "alpha/inference/request_queue.h"
#include "alpha/inference/session_line.h"
#include "alpha/inference/session_pool.h"

namespace alpha {

struct SchedulerOptions {
  std::int64_t max_sessions = 64;   // samples being written at the same time
  std::int64_t max_waiting = 256;   // requests before those
  std::int64_t max_step_rows = 0;   // positions per step; 0: as many as the runner takes
  std::int64_t prefill_chunk = 64;  // of these at most, for prompts while others are written
  std::int64_t max_top_log_probs = 20;
};

/// Counts since the start, and what is there now.
struct SchedulerStats {
  std::int64_t n_waiting = 0;   // requests
  std::int64_t n_sessions = 0;  // samples that have a session
  std::int64_t n_running = 0;   // of these, those that have their blocks
  std::int64_t n_blocks_used = 0;
  std::int64_t n_blocks_idle = 0;  // of no session, kept for their content
  std::int64_t n_blocks_free = 0;

  std::int64_t n_steps = 0;
  std::int64_t n_requests = 0;        // that have begun
  std::int64_t n_refused = 0;         // because too many waited
  std::int64_t n_prefill_tokens = 0;  // positions computed, those of a preemption again
  std::int64_t n_decode_tokens = 0;
  std::int64_t n_cached_tokens = 0;  // positions of prompts that needed no computing
  std::int64_t n_preemptions = 0;
  std::int64_t n_evictions = 0;
  double queue_seconds = 0;  // of all requests together, until work began
  double longest_queue_seconds = 0;
};

/// Continuous batching. Requests come in from any thread; `run_step`, called by one thread,
/// computes one step for all that run: a position for each text being written, and the next pieces
/// of the prompts being read. Requests join and leave between steps.
///
///  - Order: by arrival, for blocks and for room in a step. A session that is free goes to the
///  client
///    that has the fewest, by arrival among equals. While texts are written,
///    prompts get `prefill_chunk` positions of a step, so that the texts keep their pace.
///  - Blocks: when none is left, those that nobody uses go first, the one unused the longest before
///    others; then the youngest sessions give up theirs and compute their tokens again later. The
///    oldest session always gets what it needs.
///  - Equal beginnings of prompts are computed once, in whole blocks, also while another request is
///    still computing them.
///  - What a request gives depends on nothing but the request: not on what else runs, on chunks,
///    hits or preemptions.
///  - An error of the runner ends the sessions that were in the step; one of a session ends itself.
class SchedulerCore {
 public:
  /// All are borrowed. Error(invalid_argument): options that cannot be.
  SchedulerCore(ModelRunner& runner, const Tokenizer& tokenizer, const SchedulerOptions& options,
                const Clock& clock);
  SchedulerCore(const SchedulerCore&) = delete;
  SchedulerCore& operator=(const SchedulerCore&) = delete;

  /// Cancels everything.
  ~SchedulerCore();

  /// Queues a request. For any thread. Error: invalid_argument with what is wrong; overloaded when
  /// too many wait, or the scheduler is closed.
  std::unique_ptr<Completion> submit(GenerateRequest request);

  /// One step; false when there is nothing left to do.
  bool run_step();

  /// Waits until there is something to do; false when that cannot come any more.
  bool wait() const { return !line_.all().empty() || queue_.wait(); }

  /// Takes no more requests. For any thread.
  void close() { queue_.close(); }

  /// The same, and the next step cancels all there are. For any thread.
  void close_and_cancel();

  /// For any thread.
  SchedulerStats stats() const;

  const KvBlocks& blocks() const noexcept { return blocks_; }

  const SessionPool& pool() const noexcept { return pool_; }

 private:
  struct Part {
    Session* session = nullptr;
    std::int64_t past = 0;
    std::int64_t n_rows = 0;
  };

  struct Draw {
    Session* session = nullptr;
    std::span<const float> logits;
  };

  void cancel();
  void admit();
  void start(const std::shared_ptr<Job>& job);
  void plan();
  std::int64_t rows_to_read(const Session& session, std::int64_t budget) const;
  bool reserve(std::size_t place, std::int64_t n_rows);
  void compute();
  void read_logits(std::size_t slice);
  void release_followers(const Session& leader, std::span<const float> logits);
  void draw_tokens();
  void end(Session& session, const std::exception& error);
  void end_all(const std::exception& error);
  void update_stats();

  ModelRunner& runner_;
  const Tokenizer& tokenizer_;
  const SchedulerOptions options_;
  const Clock& clock_;
  RequestQueue queue_;
  KvBlocks blocks_;
  SessionPool pool_;
  SessionLine line_;

  // Of the current step.
  double now_ = 0;
  std::vector<StepSlice> slices_;
  std::vector<Part> parts_;  // of the slices
  std::vector<Draw> draws_;

  std::atomic<bool> is_cancelling_{false};
  std::atomic<std::int64_t> n_refused_{0};
  SchedulerStats counts_;
  mutable std::mutex stats_mutex_;
  SchedulerStats stats_;  // what counts_ was after the last step
};

}  // namespace alpha
