#include "alpha/http/patience.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cmath>

#include <poll.h>

#include "alpha/core/error.h"

namespace alpha::http {

Patience::Patience(std::int64_t timeout_ms, int cancel_fd)
    : timeout_ms_(timeout_ms),
      due_s_(clock_.seconds() + static_cast<double>(timeout_ms) / 1000),
      cancel_fd_(cancel_fd) {}

void Patience::check() const {
  pollfd cancel = {.fd = cancel_fd_, .events = POLLIN, .revents = 0};
  if (::poll(&cancel, 1, 0) != 0) fail(ErrorCode::cancelled, "cancelled");
}

void Patience::wait(int fd, short events) const {
  if (wait_for_part(fd, events, 1)) return;
  fail(ErrorCode::io, "not answered within {} ms", timeout_ms_);
}

bool Patience::wait_for_part(int fd, short events, std::size_t n) const {
  const double end_s = clock_.seconds() + static_cast<double>(left_ms()) / 1000 /
                                              static_cast<double>(std::max<std::size_t>(n, 1));
  for (;;) {
    std::array<pollfd, 2> waiting = {{{.fd = fd, .events = events, .revents = 0},
                                      {.fd = cancel_fd_, .events = POLLIN, .revents = 0}}};
    const double left = std::clamp(std::ceil((end_s - clock_.seconds()) * 1000), 0.0, 1e9);
    const int rc = ::poll(waiting.data(), waiting.size(), static_cast<int>(left));
    if (waiting[1].revents != 0) fail(ErrorCode::cancelled, "cancelled");
    if (waiting[0].revents != 0) return true;
    if (rc == 0 && left <= 0) return false;
    if (rc < 0 && errno != EINTR) fail(ErrorCode::io, "poll failed: error {}", errno);
  }
}

std::int64_t Patience::left_ms() const {
  return std::max<std::int64_t>(
      0, static_cast<std::int64_t>(std::ceil((due_s_ - clock_.seconds()) * 1000)));
}

}  // namespace alpha::http
