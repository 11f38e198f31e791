#pragma once

#include <cstdint>

#include "alpha/core/clock.h"

namespace alpha::http {

/// How long a request may still wait, and what ends it early.
class Patience {
 public:
  /// `cancel_fd` becomes readable when the request is to end.
  Patience(std::int64_t timeout_ms, int cancel_fd);

  /// Error(cancelled).
  void check() const;

  /// Waits until poll(2)'s `events` of `fd`. Error: io when the time is over, cancelled.
  void wait(int fd, short events) const;

  /// The same for at most the `n`th part of what is left; false when that was not enough.
  bool wait_for_part(int fd, short events, std::size_t n) const;

 private:
  std::int64_t left_ms() const;

  SystemClock clock_;
  std::int64_t timeout_ms_;
  double due_s_;
  int cancel_fd_;
};

}  // namespace alpha::http
