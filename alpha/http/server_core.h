#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/clock.h"
#include "alpha/http/deadlines.h"
#include "alpha/http/loop.h"
#include "alpha/http/mailbox.h"
#include "alpha/http/server.h"
#include "alpha/http/tls.h"

namespace alpha::http {

/// What the connections of a server share. For the server's thread.
class ServerCore {
 public:
  ServerCore(const ServerOptions& options, Server::Handler handler,
             std::function<void(const std::string&)> on_problem);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;
  ~ServerCore();

  /// A new connection over the socket `fd`. Where there are too many, the one that has been idle
  /// the longest has to go; where all are busy, the new one.
  void open_connection(int fd, std::string client);

  /// Closes a connection that only waits for its client; false where there is none.
  bool close_an_idle_one();

  void close_all();

  /// Has the connection flushed once, after all that is ready now: what is written until then goes
  /// out in one piece.
  void flush_later(std::shared_ptr<Connection> connection);

  /// Runs something of the user's; what it throws is a problem to tell.
  void call(const std::function<void()>& hook) noexcept;

  /// Tells `on_problem`, in one line of printable text.
  void tell(std::string_view problem) noexcept;

  /// The Date of an answer that is written now.
  std::string_view date();

  const ServerOptions options;
  const Server::Handler handler;
  Loop loop;
  const std::shared_ptr<Mailbox> mailbox;
  Deadlines deadlines;
  std::optional<TlsContext> tls;
  std::size_t bodies_bytes = 0;      // of requests that are read or answered
  bool is_finishing = false;         // connections do not outlive their answers
  std::array<char, 65'536> scratch;  // every read goes here first: idle connections hold nothing

 private:
  void run_mailbox();
  void flush_all();

  std::function<void(const std::string&)> on_problem_;
  std::size_t max_connections_;
  std::vector<std::shared_ptr<Connection>> unflushed_;
  std::vector<std::shared_ptr<Connection>> flushing_;
  std::vector<std::function<void()>> tasks_;
  SystemClock clock_;
  std::int64_t date_s_ = -1;
  std::string date_;
};

}  // namespace alpha::http
