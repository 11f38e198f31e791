#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "alpha/http/exchange.h"

namespace alpha::http {

struct ServerOptions {
  std::string address = "127.0.0.1";           // an IPv4 or IPv6 address
  std::uint16_t port = 8080;                   // 0: any that is free
  std::filesystem::path tls_certificate = {};  // PEM, the whole chain; empty: no TLS
  std::filesystem::path tls_key = {};          // PEM
  std::size_t max_header_bytes = std::size_t{32} * 1024;
  std::size_t max_body_bytes = std::size_t{4} * 1024 * 1024;
  std::size_t max_bodies_bytes = 256 * 1024 * 1024;  // of all requests together; above that 503
  std::size_t max_connections = 16'384;     // above that the ones idle the longest are closed
  std::int64_t header_timeout_ms = 30'000;  // from the first byte of a request to its last header
  std::int64_t body_timeout_ms = 60'000;    // without a byte of the body
  std::int64_t idle_timeout_ms = 75'000;    // between requests
  std::int64_t write_timeout_ms = 30'000;   // of a client that does not read

  /// Asked when the header of a request has come and its body has not: what is returned is the
  /// answer, and the body is not waited for. The handler decides about all others.
  std::function<std::optional<Response>(const Request& head)> check_head = {};

  /// Told of each request that never reaches the handler.
  std::function<void(int status, const std::string& client)> on_refusal = {};
};

/// An HTTP/1.1 server on one thread: thousands of connections, idle or slow, cost a little memory
/// each and nothing else. Requests that are no HTTP, or above a limit, are answered (400, 413, 431,
/// 408, 417, 501, 505) and never reach the handler.
class Server {
 public:
  using Handler = std::function<void(const std::shared_ptr<Exchange>&)>;

  /// Listens from here on. `handler` is called on the server's thread for each request, and answers
  /// now or later. What it throws is answered with 500. `on_problem` is told what a log should have
  /// (one line). Error: io for an address in use or not ours; invalid_argument for an address that
  /// is none, and a certificate without its key; not_found, io or corrupt for those two files.
  Server(const ServerOptions& options, Handler handler,
         std::function<void(const std::string&)> on_problem = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// The port that is listened on.
  std::uint16_t port() const noexcept;

  /// Serves until `stop`; the calling thread becomes the server's.
  void run();

  /// From now on connections are closed behind the answers that they carry, and told so. For the
  /// server's thread.
  void finish_connections();

  /// Ends `run`: connections are closed as they are, and their hooks called, before it returns. For
  /// any thread and for hooks.
  void stop();

  /// Runs `task` on the server's thread. For any thread.
  void post(std::function<void()> task);

  /// Runs `task` on the server's thread in a while, unless the server is stopped before. For the
  /// server's thread, and before `run`.
  void post_after(std::int64_t delay_ms, std::function<void()> task);

  /// Connections that are open. For the server's thread.
  std::size_t n_connections() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alpha::http
