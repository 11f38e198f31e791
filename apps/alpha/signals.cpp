#include "apps/alpha/signals.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace alpha::cli {

namespace {

// A handler can reach nothing but what is static.
std::atomic<bool> is_stopping{false};
std::atomic<int> signal_number{0};
int stop_event = -1;  // readable once somebody asked to stop
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

extern "C" void on_stop_signal(int number) {
  if (signal_number.exchange(number) != 0) _exit(128 + number);
  is_stopping.store(true);
  const std::uint64_t one = 1;
  if (stop_event >= 0) static_cast<void>(!write(stop_event, &one, sizeof one));
}

}  // namespace

void install_signal_handlers() {
  stop_event = eventfd(0, EFD_CLOEXEC);
  struct sigaction action = {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is an error like any other
}

StopListener::StopListener(std::function<void()> on_stop)
    : end_(eventfd(0, EFD_CLOEXEC)),
      thread_([this, on_stop = std::move(on_stop)] {
        std::array<pollfd, 2> events = {pollfd{.fd = stop_event, .events = POLLIN, .revents = 0},
                                        pollfd{.fd = end_, .events = POLLIN, .revents = 0}};
        while (poll(events.data(), events.size(), -1) < 0 && errno == EINTR) {
        }
        if (events[0].revents != 0) on_stop();
      }) {}

StopListener::~StopListener() {
  const std::uint64_t one = 1;
  static_cast<void>(!write(end_, &one, sizeof one));
  thread_.join();
  close(end_);
}

std::atomic<bool>& stop_flag() noexcept {
  return is_stopping;
}

int exit_code_after_stop(int otherwise) noexcept {
  const int number = signal_number.load();
  return number == 0 ? otherwise : 128 + number;
}

}  // namespace alpha::cli
