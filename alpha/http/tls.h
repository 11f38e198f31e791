#pragma once

#include <filesystem>
#include <memory>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace alpha::http {

struct TlsDelete {
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
};

/// The TLS of one connection.
using Tls = std::unique_ptr<ssl_st, TlsDelete>;

/// What the connections of a server, or of a client, have in common. TLS 1.2 and later.
class TlsContext {
 public:
  /// For a server. Error, with the file's name: not_found and io; corrupt where it is not PEM, or
  /// the two do not belong together.
  TlsContext(const std::filesystem::path& certificate, const std::filesystem::path& key);

  /// For a client: servers are checked against the system's certificates.
  TlsContext();

  /// TLS over the socket `fd`, which stays the caller's and must not block. Error: io.
  Tls accept(int fd) const;

  /// The same from the client's end; the certificate must be one for `host`.
  Tls connect(int fd, const std::string& host) const;

 private:
  std::unique_ptr<ssl_ctx_st, TlsDelete> context_;
};

/// What OpenSSL has against the last call on this thread, or against the other's certificate.
std::string tls_problem(const ssl_st* ssl);

}  // namespace alpha::http
