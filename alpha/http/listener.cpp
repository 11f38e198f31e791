#include "alpha/http/listener.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alpha/core/error.h"

namespace alpha::http {

namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsAtOnce = 64;  // then the connections that are open have their turn
constexpr std::int64_t kPauseMs = 50;

/// "192.0.2.1", also where it came as "::ffff:192.0.2.1".
std::string name_of(const sockaddr_storage& address, socklen_t size) {
  std::array<char, NI_MAXHOST> text = {};
  const int rc = ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, text.data(),
                               text.size(), nullptr, 0, NI_NUMERICHOST);
  std::string name = rc == 0 ? text.data() : "unknown";
  constexpr std::string_view kMapped = "::ffff:";
  if (name.starts_with(kMapped) && name.find('.') != std::string::npos) {
    name.erase(0, kMapped.size());
  }
  return name;
}

}  // namespace

int open_listening_socket(const std::string& address, std::uint16_t port) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (address.empty() ||
      ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    fail_invalid("[http] '{}' is no address to listen on: expected one of IPv4 or IPv6", address);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int is_on = 1;
  if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &is_on, sizeof is_on) != 0 ||
      ::bind(fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd, kBacklog) != 0) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    fail(ErrorCode::io, "[http] cannot listen on {} port {}: {}", address, port,
         std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  // The port is at the same place for both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::size_t raise_file_limit() noexcept {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

Listener::Listener(Loop& loop, int fd, Hooks hooks)
    : loop_(loop),
      watch_(loop, fd),
      hooks_(std::move(hooks)) {}

void Listener::start() {
  if (is_closed_) return;
  watch_.wait_readable(shared_from_this());
}

void Listener::close() {
  is_closed_ = true;
  watch_.close();
}

void Listener::on_readable() {
  if (is_closed_) return;
  const bool was_paused = std::exchange(is_paused_, false);
  for (int i = 0; i < kAcceptsAtOnce && accept_one(); ++i) {
  }
  if (!is_paused_) return start();
  if (!was_paused) hooks_.on_problem("no more connections: the system has no more files");
  loop_.call_after(kPauseMs, [self = shared_from_this()] { self->start(); });
}

/// False when there is none, or no room for one.
bool Listener::accept_one() {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  const int fd = ::accept4(watch_.fd(), reinterpret_cast<sockaddr*>(&address), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return make_room(errno);
  try {
    hooks_.on_connection(fd, name_of(address, size));
  } catch (const std::exception& error) {
    hooks_.on_problem(error.what());
  }
  return true;
}

/// Whether accepting is worth another try at once.
bool Listener::make_room(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return false;
  const bool is_full = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  if (!is_full) return true;  // the client has left before it was taken
  // The system says so also where nobody has come.
  pollfd ready = {.fd = watch_.fd(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, 0) <= 0) return false;
  if (hooks_.free_one()) return true;
  // Trying again at once would spin: the socket stays readable.
  is_paused_ = true;
  return false;
}

}  // namespace alpha::http
