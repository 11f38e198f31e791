#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace alpha::http {

/// Told when its descriptor is ready.
class Watcher {
 public:
  virtual ~Watcher() = default;

  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

/// An event loop on the thread that calls `run`. `defer` and `stop` are for any thread.
class Loop {
 public:
  /// `on_problem` is told what a callback threw.
  explicit Loop(std::function<void(const std::string&)> on_problem);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  void run();
  void stop();

  /// Runs `task` after everything that is ready now.
  void defer(std::function<void()> task);

  /// Not after `stop`.
  void call_after(std::int64_t delay_ms, std::function<void()> task);

 private:
  friend class Watch;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A descriptor that is watched, and closed at the end. One wait for each direction at a time; it
/// keeps the watcher alive. A wait that was over already may still be told after `close`.
class Watch {
 public:
  /// Takes `fd` over. Error: io.
  Watch(Loop& loop, int fd);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  int fd() const noexcept;
  void wait_readable(std::shared_ptr<Watcher> watcher);
  void wait_writable(std::shared_ptr<Watcher> watcher);
  void close() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alpha::http
