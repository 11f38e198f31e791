#include "alpha/http/dial.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alpha/core/error.h"

namespace alpha::http {

namespace {

struct Address {
  sockaddr_storage bytes = {};
  socklen_t size = 0;
};

/// Addresses of a host, from whatever thread asks for them.
struct Lookup {
  std::string host;
  std::string port;
  Descriptor done{::eventfd(0, EFD_CLOEXEC)};  // readable at the end
  std::atomic<bool> is_done = false;
  std::vector<Address> addresses = {};
  int error = 0;

  void ask(int flags) {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    for (const addrinfo* at = error == 0 ? found : nullptr; at != nullptr; at = at->ai_next) {
      Address address;
      address.size = at->ai_addrlen;
      std::memcpy(&address.bytes, at->ai_addr, at->ai_addrlen);
      addresses.push_back(address);
    }
  }
};

/// The system's look-up cannot be told to give up. A thread does it, which is left to itself when
/// nobody wants the result any more.
std::vector<Address> look_up(const std::string& host, const std::string& port,
                             const Patience& patience) {
  const auto lookup = std::make_shared<Lookup>();
  lookup->host = host;
  lookup->port = port;
  lookup->ask(AI_NUMERICHOST | AI_NUMERICSERV);
  if (lookup->error != 0) {
    std::thread([lookup] {
      lookup->ask(AI_NUMERICSERV | AI_ADDRCONFIG);
      lookup->is_done.store(true, std::memory_order_release);
      const std::uint64_t one = 1;
      static_cast<void>(!::write(lookup->done.get(), &one, sizeof one));
    }).detach();
    patience.wait(lookup->done.get(), POLLIN);
    static_cast<void>(lookup->is_done.load(std::memory_order_acquire));
  }
  if (lookup->error != 0 || lookup->addresses.empty()) {
    fail(ErrorCode::io, "the name '{}' is not found: {}", host, ::gai_strerror(lookup->error));
  }
  return lookup->addresses;
}

/// 0, or why not.
int try_connect(const Descriptor& socket, const Address& address, const Patience& patience,
                std::size_t n_left) {
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.bytes), address.size) ==
      0) {
    return 0;
  }
  if (errno != EINPROGRESS) return errno;
  if (!patience.wait_for_part(socket.get(), POLLOUT, n_left)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor dial(const std::string& host, const std::string& port, const Patience& patience) {
  const std::vector<Address> addresses = look_up(host, port, patience);
  int error = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Descriptor socket(
        ::socket(addresses[i].bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    error = socket.get() < 0 ? errno
                             : try_connect(socket, addresses[i], patience, addresses.size() - i);
    if (error != 0) continue;
    const int is_on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
    return socket;
  }
  fail(ErrorCode::io, "cannot connect: {}",
       std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace alpha::http
