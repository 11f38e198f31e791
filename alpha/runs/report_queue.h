#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "alpha/core/json.h"

namespace alpha {

/// What waits to be reported. Bounded; the oldest gives way. For one thread at a time.
class ReportQueue {
 public:
  explicit ReportQueue(std::size_t max_metrics) : max_metrics_(max_metrics) {}

  void add_metrics(Json metrics);
  void add_sample(std::int64_t step, Json sample);
  void add_event(Json event);

  /// The next message, {type, …} without a run id, and what it holds leaves the queue. `null` when
  /// no lines wait.
  Json take_message();

  /// Puts the lines of a message that was not delivered back in front.
  void put_back(Json&& message);

  /// Counts the metrics of a message that is given up.
  void give_up(const Json& message);

  bool has_lines() const noexcept {
    return !metrics_.empty() || !samples_.empty() || !events_.empty();
  }

  std::size_t n_lines() const noexcept {
    return metrics_.size() + samples_.size() + events_.size();
  }

  std::int64_t n_dropped() const noexcept { return n_dropped_; }

 private:
  void drop_oldest();

  std::size_t max_metrics_;
  std::deque<Json> metrics_;
  std::deque<std::pair<std::int64_t, Json>> samples_;  // with the step
  std::deque<Json> events_;
  std::int64_t n_dropped_ = 0;
};

}  // namespace alpha
