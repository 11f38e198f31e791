#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alpha::http::test {

/// A socket to a server on this machine that sends what it is told, HTTP or not. Reading gives up
/// after ten seconds by throwing.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::runtime_error("no socket");
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (port != 0) connect(port);
  }

  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        unread_(std::move(other.unread_)) {}

  RawClient& operator=(RawClient&&) = delete;

  ~RawClient() { close(); }

  void connect(std::uint16_t port) const {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
    }
  }

  /// False when the server has closed.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  void close_sending() const { ::shutdown(fd_, SHUT_WR); }

  /// Closes with a reset.
  void reset() {
    const linger now = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  /// Everything up to and with `mark`.
  std::string read_to(std::string_view mark) {
    for (;;) {
      const std::size_t found = unread_.find(mark);
      if (found != std::string::npos) return take(found + mark.size());
      if (!receive())
        throw std::runtime_error("closed before '" + std::string(mark) + "': " + unread_);
    }
  }

  std::string read_bytes(std::size_t n) {
    while (unread_.size() < n) {
      if (!receive()) throw std::runtime_error("closed too early: " + unread_);
    }
    return take(n);
  }

  /// Everything until the server closes.
  std::string read_all() {
    while (receive()) {
    }
    return take(unread_.size());
  }

  /// One answer with a Content-Length: the head and the body.
  std::string read_answer() {
    std::string answer = read_to("\r\n\r\n");
    const std::size_t at = answer.find("Content-Length: ");
    if (at == std::string::npos) return answer;
    return answer + read_bytes(std::stoul(answer.substr(at + 16)));
  }

  /// Waits until the server has closed, by whatever means.
  bool is_closed_by_server() {
    unread_.clear();
    while (receive()) unread_.clear();
    return true;
  }

 private:
  std::string take(std::size_t n) {
    std::string taken = unread_.substr(0, n);
    unread_.erase(0, n);
    return taken;
  }

  /// False when the server has closed.
  bool receive() {
    pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 10'000) != 1) throw std::runtime_error("nothing came: " + unread_);
    char bytes[16384];
    const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n > 0) unread_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  int fd_;
  std::string unread_;
};

inline std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}

}  // namespace alpha::http::test
