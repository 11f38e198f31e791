#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "alpha/inference/job.h"

namespace alpha {

/// Requests that wait for the scheduler. Bounded, and shared out among clients: one that sends many
/// requests stands in the way of its own alone. For any number of threads.
class RequestQueue {
 public:
  explicit RequestQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Where the queue is full, the youngest job of the client that has the most waiting is given
  /// back in place of the new one, if that client has more than the new job's. Else null. Error:
  /// overloaded when the queue is full of those, or closed.
  std::shared_ptr<Job> push(std::shared_ptr<Job> job);

  /// How many samples a client is having written, and how many of them one of its users.
  struct Active {
    std::int64_t of_client = 0;
    std::int64_t of_user = 0;
  };

  using Count = std::function<Active(std::uint64_t client, std::uint64_t user)>;

  /// The first job of the client that has the fewest samples being written, among equals of the one
  /// whose turn is the longest ago; of its users the same way. When it wants no more than
  /// `max_samples`, else none.
  std::shared_ptr<Job> pop(std::int64_t max_samples, const Count& count_active);

  /// Removes the cancelled jobs (or all of them) and returns them.
  std::vector<std::shared_ptr<Job>> remove_cancelled(bool is_every_one);

  /// Removes the jobs that have waited too long at `now` and returns them.
  std::vector<std::shared_ptr<Job>> remove_overdue(double now);

  /// Waits for a job; false when the queue is empty and closed.
  bool wait() const;

  /// From now on it takes nothing.
  void close();

  std::size_t size() const;

 private:
  template<class Predicate>
  std::vector<std::shared_ptr<Job>> remove_if(const Predicate& predicate);

  std::size_t capacity_;
  mutable std::mutex mutex_;
  mutable std::condition_variable has_changed_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::map<std::uint64_t, std::uint64_t> turns_;  // client -> the number of its last job
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> user_turns_;
  std::uint64_t n_turns_ = 0;
  bool is_closed_ = false;
};

}  // namespace alpha
