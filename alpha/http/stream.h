#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "alpha/http/tls.h"

namespace alpha::http {

/// What became of a read or write that does not wait.
struct IoResult {
  enum class State {
    done,
    wait_readable,  // try again when the socket is
    wait_writable,
    closed,  // the other has closed its end
    failed
  };

  State state = State::failed;
  std::size_t n_bytes = 0;  // done: at least one
};

/// Bytes to and from a socket that does not block, through TLS where there is one.
class Stream {
 public:
  /// `fd` stays the caller's.
  explicit Stream(int fd, Tls tls = {}) : fd_(fd), tls_(std::move(tls)) {}

  IoResult read(std::span<char> bytes);
  IoResult write(std::string_view bytes);

  /// Reads what comes, without TLS: to throw it away.
  IoResult read_raw(std::span<char> bytes);

  /// Tells the other that nothing more comes.
  void shut_down_sending() noexcept;

  bool is_tls() const noexcept { return tls_ != nullptr; }

  /// Whether the handshake of TLS is still going on.
  bool is_in_handshake() const noexcept;

  /// Why the last call failed.
  std::string problem() const;

 private:
  IoResult tls_result(int rc, std::size_t n_bytes);
  IoResult socket_result(long n, bool is_read);

  int fd_;
  Tls tls_;
  bool is_broken_ = false;  // TLS says so: it must not be shut down then
  int error_ = 0;
};

}  // namespace alpha::http
