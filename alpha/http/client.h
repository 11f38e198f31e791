#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "alpha/http/message.h"

namespace alpha::http {

/// `http://host:port/path` or `https://…`. Error(invalid_argument): what is wrong with it.
struct Url {
  std::string host;  // "::1" without brackets
  std::string port;  // "80" and "443" where none is given
  std::string path;  // without a trailing slash: "" or "/prefix"
  bool is_tls = false;
};

Url parse_url(std::string_view text);

/// A client for one server, over one connection that is kept open between requests. It blocks; for
/// one thread.
class Client {
 public:
  explicit Client(Url url, std::int64_t timeout_ms = 15'000);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// `path` follows that of the URL. Certificates are checked against the system's. Error(io): no
  /// answer, with the address and the reason; cancelled after `cancel`.
  Response request(std::string_view method, std::string_view path, const Fields& headers,
                   std::string_view body);

  /// Ends a request that is running, and every later one. For any thread.
  void cancel() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alpha::http
