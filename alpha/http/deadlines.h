#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "alpha/core/clock.h"

namespace alpha::http {

class Connection;
class Loop;

/// What a connection waits for, and is closed for when it does not come.
enum class Wait : std::uint8_t {
  nothing,  // an answer of ours is being made: no limit
  idle,
  header,
  body,
  write,
  linger
};
inline constexpr std::size_t kWaits = 6;

/// Every open connection, in one list for each thing to wait for. A list has one timeout, so its
/// order is that of its deadlines: whatever a connection does costs O(1), one timer serves all of
/// them, and the front of a list has waited the longest.
class Deadlines {
 public:
  struct Entry {
    std::shared_ptr<Connection> connection;
    Wait wait = Wait::nothing;
    double due_s = 0;
  };

  using Place = std::list<Entry>::iterator;

  /// `timeouts_ms` by Wait.
  Deadlines(Loop& loop, const std::array<std::int64_t, kWaits>& timeouts_ms);
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;
  ~Deadlines();

  Place add(std::shared_ptr<Connection> connection);

  /// From now on it waits for `wait`, for that one's timeout.
  void move(Place place, Wait wait);

  void remove(Place place);

  /// The connection that has waited for it the longest; null where there is none.
  std::shared_ptr<Connection> longest(Wait wait);

  std::size_t size() const noexcept { return size_; }

 private:
  std::list<Entry>& list_of(Wait wait) noexcept { return lists_[static_cast<std::size_t>(wait)]; }

  void arm(double due_s);
  void on_timer();

  Loop& loop_;
  SystemClock clock_;
  std::array<double, kWaits> timeouts_s_ = {};
  std::array<std::list<Entry>, kWaits> lists_;
  std::size_t size_ = 0;
  double armed_s_;  // when the timer goes off
  std::uint64_t n_armed_ = 0;
};

}  // namespace alpha::http
