#include "apps/alpha/signals.h"

#include <csignal>

#include <unistd.h>

namespace alpha::cli {

namespace {

// A handler can reach nothing but what is static.
std::atomic<bool> is_stopping{false};
std::atomic<int> signal_number{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

extern "C" void on_stop_signal(int number) {
  if (signal_number.exchange(number) != 0) _exit(128 + number);
  is_stopping.store(true);
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is an error like any other
}

std::atomic<bool>& stop_flag() noexcept {
  return is_stopping;
}

int exit_code_after_stop(int otherwise) noexcept {
  const int number = signal_number.load();
  return number == 0 ? otherwise : 128 + number;
}

}  // namespace alpha::cli
