#include "alpha/http/client.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alpha/core/error.h"
#include "alpha/http/ascii.h"
#include "alpha/http/dial.h"
#include "alpha/http/patience.h"
#include "alpha/http/response_parser.h"
#include "alpha/http/stream.h"
#include "alpha/http/tls.h"

namespace alpha::http {

namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{16} * 1024 * 1024;

struct Kept {
  Descriptor socket;
  Stream stream;
};

/// A character that would end the line of the request it is in.
bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), is_control);
}

/// "host:port", and the host alone where the port is the scheme's own.
std::string authority_of(const Url& url) {
  const std::string host =
      url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  return url.port == (url.is_tls ? "443" : "80") ? host : host + ":" + url.port;
}

std::string request_bytes(const Url& url, std::string_view method, std::string_view path,
                          const Fields& headers, std::string_view body) {
  if (!is_token(method)) fail_invalid("[http] '{}' is no method", method);
  if (!path.starts_with('/') || has_control(path) || path.find(' ') != std::string_view::npos) {
    fail_invalid("[http] '{}' is no path: expected a / and no space", path);
  }
  std::string bytes =
      fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", method, url.path, path, authority_of(url));
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || has_control(value)) {
      fail_invalid("[http] the header '{}' has a control character, or is no name", name);
    }
    bytes += fmt::format("{}: {}\r\n", name, value);
  }
  const bool may_be_without = body.empty() && (method == "GET" || method == "HEAD");
  if (!may_be_without) bytes += fmt::format("Content-Length: {}\r\n", body.size());
  return bytes.append("\r\n").append(body);
}

void wait(Kept& connection, IoResult::State state, const Patience& patience) {
  const bool is_read = state == IoResult::State::wait_readable;
  patience.wait(connection.socket.get(), is_read ? POLLIN : POLLOUT);
}

/// False when the server takes no more; it may have answered all the same.
bool send(Kept& connection, std::string_view bytes, const Patience& patience) {
  while (!bytes.empty()) {
    const IoResult result = connection.stream.write(bytes);
    switch (result.state) {
      case IoResult::State::done: bytes.remove_prefix(result.n_bytes); break;
      case IoResult::State::closed:
      case IoResult::State::failed: return false;
      default: wait(connection, result.state, patience);
    }
  }
  return true;
}

/// Whether nothing has come while the connection was not used: an end, or bytes nobody asked for.
bool is_quiet(const Kept& connection) noexcept {
  pollfd ready = {.fd = connection.socket.get(), .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, 0) == 0;
}

}  // namespace

struct Client::Impl {
  Url url;
  std::int64_t timeout_ms = 0;
  Descriptor cancelled{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::optional<TlsContext> tls = {};
  std::optional<Kept> connection = {};

  void connect(const Patience& patience);
  std::optional<Response> exchange(std::string_view bytes, bool is_head, const Patience& patience,
                                   bool is_used);
  std::optional<Response> receive(bool is_head, const Patience& patience, bool is_used);
  Response ask(std::string_view bytes, bool is_head);
};

void Client::Impl::connect(const Patience& patience) {
  connection.reset();
  if (url.is_tls && !tls) tls.emplace();
  Descriptor socket = dial(url.host, url.port, patience);
  const int fd = socket.get();
  connection.emplace(
      Kept{std::move(socket), url.is_tls ? Stream(fd, tls->connect(fd, url.host)) : Stream(fd)});
}

Response Client::Impl::ask(std::string_view bytes, bool is_head) {
  const Patience patience(timeout_ms, cancelled.get());
  patience.check();
  if (connection && !is_quiet(*connection)) connection.reset();
  if (connection) {
    auto response = exchange(bytes, is_head, patience, true);
    if (response) return std::move(*response);
  }
  connect(patience);
  return *exchange(bytes, is_head, patience, false);
}

/// None when a connection that was used before turns out to be closed: worth another one, since a
/// server closes connections that are idle without regard to what is on its way to it.
std::optional<Response> Client::Impl::exchange(std::string_view bytes, bool is_head,
                                               const Patience& patience, bool is_used) {
  const bool is_sent = send(*connection, bytes, patience);
  if (!is_sent && connection->stream.is_in_handshake()) {
    fail(ErrorCode::io, "no TLS: {}", connection->stream.problem());
  }
  return receive(is_head, patience, is_used);
}

std::optional<Response> Client::Impl::receive(bool is_head, const Patience& patience,
                                              bool is_used) {
  ResponseParser parser(is_head, kMaxBodyBytes);
  std::array<char, 16'384> buffer;
  std::string unused;
  bool is_first = true;
  while (!parser.is_done()) {
    const IoResult result = connection->stream.read(buffer);
    switch (result.state) {
      case IoResult::State::done:
        is_first = false;
        unused.append(buffer.data(), result.n_bytes);
        unused.erase(0, parser.put(unused));
        break;
      case IoResult::State::closed:
      case IoResult::State::failed:
        if (is_first && is_used) return std::nullopt;
        if (is_first || result.state == IoResult::State::failed) {
          fail(ErrorCode::io, "no answer: {}", connection->stream.problem());
        }
        parser.put_end();
        break;
      default: wait(*connection, result.state, patience);
    }
  }
  if (!parser.is_keep_alive() || !unused.empty()) connection.reset();
  return parser.take();
}

Client::Client(Url url, std::int64_t timeout_ms) : impl_(std::make_unique<Impl>()) {
  impl_->url = std::move(url);
  impl_->timeout_ms = timeout_ms;
}

Client::~Client() = default;

Response Client::request(std::string_view method, std::string_view path, const Fields& headers,
                         std::string_view body) {
  const std::string bytes = request_bytes(impl_->url, method, path, headers, body);
  try {
    return impl_->ask(bytes, method == "HEAD");
  } catch (const std::exception& error) {
    impl_->connection.reset();
    const auto* own = dynamic_cast<const Error*>(&error);
    fail(own != nullptr ? own->code() : ErrorCode::io, "[http] {}://{}: {}",
         impl_->url.is_tls ? "https" : "http", authority_of(impl_->url), error.what());
  }
}

void Client::cancel() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(impl_->cancelled.get(), &one, sizeof one));
}

}  // namespace alpha::http
