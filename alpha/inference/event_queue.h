#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "alpha/inference/request.h"

namespace alpha {

/// The events of one request on their way from the scheduler to the client. A ring whose events are
/// swapped in and out and so keep their memory: while the client keeps up, nothing is allocated.
class EventQueue {
 public:
  /// `n` samples will end. `on_event` is called, without the queue's lock, when the first unread
  /// event comes.
  EventQueue(std::int64_t n, std::function<void()> on_event);

  /// Takes the event; leaves an old one.
  void push(TokenEvent& event);

  /// Waits for an event and swaps it in; false after the end of the last sample.
  bool pop(TokenEvent& event);

  /// The same without waiting; false when there is no event now.
  bool try_pop(TokenEvent& event);

  /// Forgets `on_event`, after a call that is running has come back.
  void detach();

  /// All events, that is the end of every sample too, have been read.
  bool is_finished() const;

 private:
  bool swap_out(TokenEvent& event);

  mutable std::mutex mutex_;
  std::condition_variable is_readable_;
  std::mutex hook_mutex_;  // held while the hook runs
  std::function<void()> on_event_;
  std::vector<TokenEvent> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::int64_t n_open_;  // samples whose end is not pushed yet
};

}  // namespace alpha
