#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace alpha {

/// A thread for what would keep the server's thread from its connections: loading, reading files.
/// Tasks run one after the other. What is waiting when it dies is dropped.
class Worker {
 public:
  Worker() : thread_([this] { main(); }) {}

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    has_changed_.notify_one();
    thread_.join();
  }

  /// Tasks that wait. For any thread.
  std::size_t n_waiting() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
  }

  /// `task` does not throw. For any thread.
  void run(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    has_changed_.notify_one();
  }

 private:
  void main() {
    std::unique_lock lock(mutex_);
    for (;;) {
      has_changed_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
      if (is_stopping_) return;
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      try {
        task();
      } catch (
          ...) {  // NOLINT(bugprone-empty-catch): a task tells its own errors; this is the wall
      }
      task = nullptr;  // what it holds may take time to go
      lock.lock();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable has_changed_;
  std::deque<std::function<void()>> tasks_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace alpha
