#include "alpha/inference/event_queue.h"

#include <algorithm>
#include <utility>

namespace alpha {

EventQueue::EventQueue(std::int64_t n, std::function<void()> on_event)
    : on_event_(std::move(on_event)),
      ring_(static_cast<std::size_t>(n) * 4),
      n_open_(n) {}

void EventQueue::push(TokenEvent& event) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    if (size_ == ring_.size()) {
      std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(first_), ring_.end());
      first_ = 0;
      ring_.resize(2 * size_);
    }
    if (event.kind == EventKind::end) --n_open_;
    std::swap(ring_[(first_ + size_) % ring_.size()], event);
    is_first = size_++ == 0;
  }
  if (!is_first) return;
  is_readable_.notify_one();
  const std::lock_guard lock(hook_mutex_);
  if (on_event_) on_event_();
}

void EventQueue::detach() {
  const std::lock_guard lock(hook_mutex_);
  on_event_ = nullptr;
}

bool EventQueue::pop(TokenEvent& event) {
  std::unique_lock lock(mutex_);
  is_readable_.wait(lock, [this] { return size_ > 0 || n_open_ == 0; });
  return swap_out(event);
}

bool EventQueue::try_pop(TokenEvent& event) {
  const std::lock_guard lock(mutex_);
  return swap_out(event);
}

bool EventQueue::is_finished() const {
  const std::lock_guard lock(mutex_);
  return size_ == 0 && n_open_ == 0;
}

bool EventQueue::swap_out(TokenEvent& event) {
  if (size_ == 0) return false;
  std::swap(ring_[first_], event);
  first_ = (first_ + 1) % ring_.size();
  --size_;
  return true;
}

}  // namespace alpha
