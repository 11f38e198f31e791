#include "alpha/http/server_core.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alpha/core/error.h"
#include "alpha/http/ascii.h"
#include "alpha/http/connection.h"
#include "alpha/http/head.h"
#include "alpha/http/listener.h"

namespace alpha::http {

namespace {

constexpr std::int64_t kLingerMs = 2'000;

std::array<std::int64_t, kWaits> timeouts_of(const ServerOptions& options) {
  std::array<std::int64_t, kWaits> timeouts_ms = {};
  const auto set = [&](Wait wait, std::int64_t timeout_ms) {
    timeouts_ms[static_cast<std::size_t>(wait)] = timeout_ms;
  };
  set(Wait::idle, options.idle_timeout_ms);
  set(Wait::header, options.header_timeout_ms);
  set(Wait::body, options.body_timeout_ms);
  set(Wait::write, options.write_timeout_ms);
  set(Wait::linger, kLingerMs);
  return timeouts_ms;
}

std::optional<TlsContext> tls_of(const ServerOptions& options) {
  if (options.tls_certificate.empty() && options.tls_key.empty()) return std::nullopt;
  if (options.tls_certificate.empty() || options.tls_key.empty()) {
    fail_invalid(
        "[http] TLS needs a certificate and its key: got '{}' alone",
        (options.tls_certificate.empty() ? options.tls_key : options.tls_certificate).string());
  }
  return std::make_optional<TlsContext>(options.tls_certificate, options.tls_key);
}

void set_option(int fd, int level, int name) noexcept {
  const int is_on = 1;
  ::setsockopt(fd, level, name, &is_on, sizeof is_on);
}

}  // namespace

ServerCore::ServerCore(const ServerOptions& with, Server::Handler handle,
                       std::function<void(const std::string&)> on_problem)
    : options(with),
      handler(std::move(handle)),
      loop([this](const std::string& problem) { tell(problem); }),
      mailbox(std::make_shared<Mailbox>([this] { loop.defer([this] { run_mailbox(); }); })),
      deadlines(loop, timeouts_of(with)),
      tls(tls_of(with)),
      on_problem_(std::move(on_problem)),
      // The rest of the process opens files too.
      max_connections_(std::min(with.max_connections, raise_file_limit() / 10 * 9)) {}

ServerCore::~ServerCore() {
  mailbox->close();
  close_all();
}

void ServerCore::open_connection(int fd, std::string client) {
  if (deadlines.size() >= max_connections_ && !close_an_idle_one()) {
    ::close(fd);
    return;
  }
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
  const auto connection = std::make_shared<Connection>(*this, fd, std::move(client));
  connection->start();
}

bool ServerCore::close_an_idle_one() {
  for (const Wait wait : {Wait::linger, Wait::idle, Wait::header, Wait::body}) {
    const std::shared_ptr<Connection> connection = deadlines.longest(wait);
    if (!connection) continue;
    connection->close();
    return true;
  }
  return false;
}

void ServerCore::close_all() {
  for (std::size_t i = 0; i < kWaits; ++i) {
    while (const std::shared_ptr<Connection> connection = deadlines.longest(static_cast<Wait>(i))) {
      connection->close();
    }
  }
}

void ServerCore::flush_later(std::shared_ptr<Connection> connection) {
  unflushed_.push_back(std::move(connection));
  if (unflushed_.size() == 1) loop.defer([this] { flush_all(); });
}

void ServerCore::flush_all() {
  flushing_.swap(unflushed_);
  for (const std::shared_ptr<Connection>& connection : flushing_) connection->flush();
  flushing_.clear();
}

void ServerCore::run_mailbox() {
  mailbox->take(tasks_);
  for (std::function<void()>& task : tasks_) {
    call(task);
    task = {};
  }
}

void ServerCore::call(const std::function<void()>& hook) noexcept {
  if (!hook) return;
  try {
    hook();
  } catch (const std::exception& error) {
    tell(error.what());
  } catch (...) {
    tell("an exception of unknown type");
  }
}

void ServerCore::tell(std::string_view problem) noexcept {
  if (!on_problem_) return;
  try {
    std::string line(problem);
    std::replace_if(line.begin(), line.end(), is_control, '?');
    on_problem_(line);
  } catch (...) {  // NOLINT(bugprone-empty-catch): there is nobody left to tell
  }
}

std::string_view ServerCore::date() {
  const std::int64_t now_s = clock_.unix_ms() / 1000;
  if (now_s != date_s_) {
    date_ = http_date(now_s);
    date_s_ = now_s;
  }
  return date_;
}

}  // namespace alpha::http
