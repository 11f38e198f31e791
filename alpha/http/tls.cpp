#include "alpha/http/tls.h"

#include <cerrno>
#include <cstdint>
#include <string_view>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "alpha/core/error.h"
#include "alpha/core/files.h"

namespace alpha::http {

namespace fs = std::filesystem;

namespace {

struct Delete {
  void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }

  void operator()(X509* certificate) const noexcept { X509_free(certificate); }

  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

template<class T>
using Owned = std::unique_ptr<T, Delete>;

// OpenSSL's own socket BIO raises SIGPIPE when the other has left: hence this one.

int fd_of(BIO* bio) noexcept {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int done(BIO* bio, ssize_t n, int retry_flag) noexcept {
  BIO_clear_retry_flags(bio);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  }
  return static_cast<int>(n);
}

int write_socket(BIO* bio, const char* bytes, int size) noexcept {
  const ssize_t n = ::send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  return done(bio, n, BIO_FLAGS_WRITE);
}

int read_socket(BIO* bio, char* bytes, int size) noexcept {
  const ssize_t n = ::recv(fd_of(bio), bytes, static_cast<std::size_t>(size), 0);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return done(bio, n, BIO_FLAGS_READ);
}

long control_socket(BIO* bio, int command, long, void*) noexcept {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* socket_method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "socket");
    BIO_meth_set_write(method, write_socket);
    BIO_meth_set_read(method, read_socket);
    BIO_meth_set_ctrl(method, control_socket);
    return method;
  }();
  return kMethod;
}

Tls make_tls(ssl_ctx_st* context, int fd) {
  Tls tls(SSL_new(context));
  BIO* bio = tls ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) fail(ErrorCode::out_of_memory, "[http] no memory for TLS");
  // NOLINTNEXTLINE(performance-no-int-to-ptr): never followed, only OpenSSL's place for a value
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(tls.get(), bio, bio);
  return tls;
}

SSL_CTX* make_context(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  if (context == nullptr) fail(ErrorCode::internal, "[http] no TLS: {}", tls_problem(nullptr));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

Owned<BIO> open_pem(const std::string& pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

int refuse_password(char*, int, int, void*) noexcept {
  return -1;
}

void use_certificate(SSL_CTX* context, const fs::path& path) {
  const std::string pem = read_file(path);
  const Owned<BIO> bio = open_pem(pem);
  const Owned<X509> own(PEM_read_bio_X509_AUX(bio.get(), nullptr, refuse_password, nullptr));
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
    fail(ErrorCode::corrupt, "[http] no certificate (PEM) in '{}': {}", path.string(),
         tls_problem(nullptr));
  }
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, refuse_password, nullptr)) {
    SSL_CTX_add0_chain_cert(context, next);
  }
  ERR_clear_error();  // the end of the file counts as one
}

void use_key(SSL_CTX* context, const fs::path& path, const fs::path& certificate) {
  const std::string pem = read_file(path);
  const Owned<BIO> bio = open_pem(pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr));
  if (!key) {
    fail(ErrorCode::corrupt, "[http] no key (PEM, without a password) in '{}': {}", path.string(),
         tls_problem(nullptr));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    fail(ErrorCode::corrupt, "[http] the key '{}' is not that of the certificate '{}': {}",
         path.string(), certificate.string(), tls_problem(nullptr));
  }
}

bool is_address(const std::string& host) noexcept {
  in6_addr address = {};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

void TlsDelete::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}

void TlsDelete::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

TlsContext::TlsContext(const fs::path& certificate, const fs::path& key)
    : context_(make_context(TLS_server_method())) {
  ERR_clear_error();
  // A client that closes without a word of TLS has closed.
  SSL_CTX_set_options(context_.get(),
                      SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  use_certificate(context_.get(), certificate);
  use_key(context_.get(), key, certificate);
}

TlsContext::TlsContext() : context_(make_context(TLS_client_method())) {
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context_.get());
}

Tls TlsContext::accept(int fd) const {
  Tls tls = make_tls(context_.get(), fd);
  SSL_set_accept_state(tls.get());
  return tls;
}

Tls TlsContext::connect(int fd, const std::string& host) const {
  Tls tls = make_tls(context_.get(), fd);
  bool is_set = false;
  if (is_address(host)) {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls.get()), host.c_str()) == 1;
  } else {
    is_set = SSL_set1_host(tls.get(), host.c_str()) == 1 &&
             SSL_set_tlsext_host_name(tls.get(), host.c_str()) == 1;
  }
  if (!is_set) fail(ErrorCode::io, "[http] '{}' is no host for TLS", host);
  SSL_set_connect_state(tls.get());
  return tls;
}

std::string tls_problem(const ssl_st* ssl) {
  if (ssl != nullptr) {
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
      ERR_clear_error();
      return std::string("the certificate is not trusted: ") +
             X509_verify_cert_error_string(verdict);
    }
  }
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "the connection was closed";
}

}  // namespace alpha::http
