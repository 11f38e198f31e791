#pragma once

#include <atomic>

namespace alpha::cli {

/// From here on SIGINT and SIGTERM ask to stop: the first sets `stop_flag`, the second ends the
/// process at once. SIGPIPE is ignored: writes report it.
void install_signal_handlers();

/// True once somebody asked to stop.
std::atomic<bool>& stop_flag() noexcept;

/// The exit code that says why the process stopped: 128 + the signal's number, or `otherwise` when
/// no signal came.
int exit_code_after_stop(int otherwise) noexcept;

}  // namespace alpha::cli
