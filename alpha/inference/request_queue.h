#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "alpha/inference/job.h"

namespace alpha {

/// Requests that wait for the scheduler, in the order of their arrival. Bounded. For any number of
/// threads.
class RequestQueue {
 public:
  explicit RequestQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Error: overloaded when the queue is full or closed.
  void push(std::shared_ptr<Job> job);

  /// The first job, when it wants no more than `max_samples`; else none.
  std::shared_ptr<Job> pop(std::int64_t max_samples);

  /// Removes the cancelled jobs (or all of them) and returns them.
  std::vector<std::shared_ptr<Job>> remove_cancelled(bool is_every_one);

  /// Waits for a job; false when the queue is empty and closed.
  bool wait() const;

  /// From now on it takes nothing.
  void close();

  std::size_t size() const;

 private:
  std::size_t capacity_;
  mutable std::mutex mutex_;
  mutable std::condition_variable has_changed_;
  std::deque<std::shared_ptr<Job>> jobs_;
  bool is_closed_ = false;
};

}  // namespace alpha
