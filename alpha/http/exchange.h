#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "alpha/http/message.h"

namespace alpha::http {

/// How an exchange ended, for logs.
struct Outcome {
  int status = 0;              // 0: the client left before there was one
  std::size_t body_bytes = 0;  // of the answer
};

/// One request and the answer to it. Everything but `post` is for the server's thread. It may be
/// kept as long as the answer takes, and longer: once the client has left, or the answer is
/// complete, calls do nothing. Whoever lets go of it without an answer has the server say 500 (an
/// answer that has begun is cut off); a hook that holds the exchange keeps that from happening.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const noexcept = 0;

  /// The whole answer at once. One that HTTP cannot have (a status outside 200 to 599, a line end
  /// in a header) is answered with 500 instead, here and in `begin`.
  virtual void respond(Response response) = 0;

  /// An answer whose body comes in pieces. `head.body` is its first piece. `content_length`: bytes
  /// of the whole body, where they are known; an answer that then has fewer at its end, or more, is
  /// cut off. Nothing need be written where the method is HEAD.
  virtual void begin(Response head, std::optional<std::size_t> content_length) = 0;

  void begin(Response head) { begin(std::move(head), std::nullopt); }

  virtual void write(std::string_view piece) = 0;
  virtual void end() = 0;

  /// Cuts off an answer that has begun: the client sees that it is not complete.
  virtual void abort() = 0;

  /// Whether `respond` or `begin` has been called.
  virtual bool has_begun() const noexcept = 0;

  /// Bytes of the answer that the network has not taken yet.
  virtual std::size_t unsent_bytes() const noexcept = 0;

  /// `hook` is called once, when the network has taken all that was written, at once where it has.
  /// It is not called when the exchange is over before.
  virtual void on_drain(std::function<void()> hook) = 0;

  /// `hook` is called once, when the client leaves before the answer is complete (at once, where it
  /// has left already). A client that does not read for ServerOptions::write_timeout_ms has left.
  virtual void on_leave(std::function<void()> hook) = 0;

  /// `hook` is called once when the exchange is over: answered to the end, or the client left. One
  /// that holds the exchange keeps it from being let go of without an answer.
  virtual void on_done(std::function<void(const Outcome&)> hook) = 0;

  /// Runs `task` on the server's thread. For any thread.
  virtual void post(std::function<void()> task) = 0;
};

}  // namespace alpha::http
