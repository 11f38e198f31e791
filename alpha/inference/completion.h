#pragma once

#include <memory>
#include <utility>

#include "alpha/inference/job.h"

namespace alpha {

/// The client's end of a request. Whoever loses interest destroys it: the request ends within one
/// step of the scheduler. It may outlive the scheduler.
///
/// An event loop gives the request an `on_event` hook and reads with `try_next` until that returns
/// false: the hook is called, on the scheduler's thread, whenever the first unread event comes. It
/// must be short, and neither throw nor destroy the completion or the scheduler. After the
/// completion's end it is not called any more.
class Completion {
 public:
  explicit Completion(std::shared_ptr<Job> job) : job_(std::move(job)) {}

  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  ~Completion() {
    cancel();
    job_->events.detach();
  }

  /// Waits for the next event. `event` lends its memory: a client that passes the same one again
  /// and again does not allocate. False after the end of the last sample.
  bool next(TokenEvent& event) { return job_->events.pop(event); }

  /// The same without waiting: false when there is no event now.
  bool try_next(TokenEvent& event) { return job_->events.try_pop(event); }

  /// The end of every sample has been read.
  bool is_finished() const { return job_->events.is_finished(); }

  /// Ends the samples that still run, with StopReason::cancelled, within one step.
  void cancel() noexcept { job_->is_cancelled.store(true, std::memory_order_relaxed); }

 private:
  std::shared_ptr<Job> job_;
};

}  // namespace alpha
