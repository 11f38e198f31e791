#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace alpha::cli {

/// From here on SIGINT and SIGTERM ask to stop: the first sets `stop_flag`, the second ends the
/// process at once. SIGPIPE is ignored: writes report it.
void install_signal_handlers();

/// True once somebody asked to stop.
std::atomic<bool>& stop_flag() noexcept;

/// Calls a function when somebody asks to stop, on a thread of its own; at once when that has
/// happened already. For what waits for other things than `stop_flag`.
class StopListener {
 public:
  explicit StopListener(std::function<void()> on_stop);
  StopListener(const StopListener&) = delete;
  StopListener& operator=(const StopListener&) = delete;
  ~StopListener();

 private:
  int end_ = -1;  // says that nobody listens any more
  std::thread thread_;
};

/// The exit code that says why the process stopped: 128 + the signal's number, or `otherwise` when
/// no signal came.
int exit_code_after_stop(int otherwise) noexcept;

}  // namespace alpha::cli
