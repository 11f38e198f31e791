#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace alpha::http {

/// Tasks for the server's thread, from any. It outlives the server with the exchanges that are
/// still held; what is posted then is thrown away.
class Mailbox {
 public:
  /// `wake` is called, by any thread, when tasks have come where there were none.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void post(std::function<void()> task);

  /// Moves the tasks there are into `tasks`, which lends its memory.
  void take(std::vector<std::function<void()>>& tasks);

  /// `wake` is not called any more once this has returned.
  void close();

  /// Makes the calling thread the server's.
  void claim() noexcept { owner_ = std::this_thread::get_id(); }

  bool is_own_thread() const noexcept { return owner_ == std::this_thread::get_id(); }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  std::function<void()> wake_;
  bool is_closed_ = false;
  std::atomic<std::thread::id> owner_ = {};
};

}  // namespace alpha::http
