#include "alpha/inference/request_queue.h"

#include <algorithm>
#include <utility>

namespace alpha {

void RequestQueue::push(std::shared_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) fail(ErrorCode::overloaded, "the scheduler is shutting down");
    if (jobs_.size() >= capacity_) {
      fail(ErrorCode::overloaded, "{} requests wait already, expected at most {}: try again later",
           jobs_.size(), capacity_);
    }
    jobs_.push_back(std::move(job));
  }
  has_changed_.notify_one();
}

std::shared_ptr<Job> RequestQueue::pop(std::int64_t max_samples) {
  const std::lock_guard lock(mutex_);
  if (jobs_.empty() || jobs_.front()->request.n > max_samples) return nullptr;
  std::shared_ptr<Job> job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

std::vector<std::shared_ptr<Job>> RequestQueue::remove_cancelled(bool is_every_one) {
  std::vector<std::shared_ptr<Job>> removed;
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs_, [&](const std::shared_ptr<Job>& job) {
    const bool is_removed = is_every_one || job->is_cancelled.load(std::memory_order_relaxed);
    if (is_removed) removed.push_back(job);
    return is_removed;
  });
  return removed;
}

bool RequestQueue::wait() const {
  std::unique_lock lock(mutex_);
  has_changed_.wait(lock, [this] { return is_closed_ || !jobs_.empty(); });
  return !jobs_.empty();
}

void RequestQueue::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  has_changed_.notify_all();
}

std::size_t RequestQueue::size() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace alpha
