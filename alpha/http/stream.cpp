#include "alpha/http/stream.h"

#include <cerrno>
#include <cstring>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace alpha::http {

using State = IoResult::State;

IoResult Stream::read(std::span<char> bytes) {
  if (!tls_) return read_raw(bytes);
  ERR_clear_error();
  errno = 0;
  std::size_t n = 0;
  const int rc = SSL_read_ex(tls_.get(), bytes.data(), bytes.size(), &n);
  return tls_result(rc, n);
}

IoResult Stream::write(std::string_view bytes) {
  if (!tls_) {
    return socket_result(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT),
                         false);
  }
  ERR_clear_error();
  errno = 0;
  std::size_t n = 0;
  const int rc = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &n);
  return tls_result(rc, n);
}

IoResult Stream::read_raw(std::span<char> bytes) {
  return socket_result(::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT), true);
}

void Stream::shut_down_sending() noexcept {
  if (tls_ && !is_broken_ && !is_in_handshake()) SSL_shutdown(tls_.get());
  ERR_clear_error();
  ::shutdown(fd_, SHUT_WR);
}

bool Stream::is_in_handshake() const noexcept {
  return tls_ != nullptr && SSL_is_init_finished(tls_.get()) == 0;
}

std::string Stream::problem() const {
  if (error_ != 0) return std::strerror(error_);  // NOLINT(concurrency-mt-unsafe)
  return tls_ ? tls_problem(tls_.get()) : "the connection was closed";
}

IoResult Stream::tls_result(int rc, std::size_t n_bytes) {
  if (rc == 1) return {State::done, n_bytes};
  const int error = errno;
  switch (SSL_get_error(tls_.get(), rc)) {
    case SSL_ERROR_WANT_READ: return {State::wait_readable, 0};
    case SSL_ERROR_WANT_WRITE: return {State::wait_writable, 0};
    case SSL_ERROR_ZERO_RETURN: return {State::closed, 0};
    case SSL_ERROR_SYSCALL: error_ = error; break;
    default: break;
  }
  is_broken_ = true;
  return {State::failed, 0};
}

IoResult Stream::socket_result(long n, bool is_read) {
  if (n > 0) return {State::done, static_cast<std::size_t>(n)};
  if (n == 0) return {is_read ? State::closed : State::failed, 0};
  if (errno == EAGAIN || errno == EINTR) {
    return {is_read ? State::wait_readable : State::wait_writable, 0};
  }
  error_ = errno;
  return {State::failed, 0};
}

}  // namespace alpha::http
