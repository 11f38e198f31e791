#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "alpha/http/exchange.h"

namespace alpha::http {

class Connection;
class ServerCore;

/// What the request says about the form of its answer.
struct AnswerTerms {
  bool is_http_1_0 = false;
  bool is_keep_alive = true;
};

/// The answer to one request, put into the form of HTTP. It is shared by the connection and the
/// Exchange, and lives as long as either. For the server's thread, apart from its end.
class Answer {
 public:
  Answer(ServerCore& core, Connection& connection, Request request, AnswerTerms terms);

  const Request& request() const noexcept { return request_; }

  // What Exchange promises.
  void respond(Response response);
  void begin(Response head, std::optional<std::size_t> content_length);
  void write(std::string_view piece);
  void end();
  std::size_t unsent_bytes() const noexcept;

  bool has_begun() const noexcept { return has_begun_; }

  Outcome outcome() const noexcept { return {status_, body_bytes_}; }

  /// Called by `drained`.
  void set_drain_hook(std::function<void()> hook);

  // Hooks that `finish` calls.
  void set_leave_hook(std::function<void()> hook) { leave_hook_ = std::move(hook); }

  void set_done_hook(std::function<void(const Outcome&)> hook) { done_hook_ = std::move(hook); }

  /// After `finish`.
  bool is_finished() const noexcept { return connection_ == nullptr; }

  bool has_left() const noexcept { return has_left_; }

  /// Nobody can complete it any more. `reason` is told as a problem.
  void give_up(std::string_view reason);

  // For the connection.

  /// Everything is written, if not sent.
  bool is_complete() const noexcept { return is_complete_; }

  bool is_keep_alive() const noexcept { return terms_.is_keep_alive; }

  /// Calls the hook for it, if all that was written is sent.
  void drained();

  /// It is sent, or the client has left: calls the hooks, and does nothing from then on.
  void finish(bool has_left);

 private:
  bool is_over() const noexcept { return connection_ == nullptr || is_complete_ || is_cut_off_; }

  void start(Response& response, bool is_whole, std::optional<std::size_t> content_length);

  ServerCore& core_;                  // while there is a connection
  Connection* connection_ = nullptr;  // null after `finish`
  Request request_;
  AnswerTerms terms_;
  std::function<void()> drain_hook_;
  std::function<void()> leave_hook_;
  std::function<void(const Outcome&)> done_hook_;
  std::optional<std::size_t> content_length_;  // of a body in pieces that has to have it
  std::size_t body_bytes_ = 0;
  int status_ = 0;
  bool has_begun_ = false;
  bool is_complete_ = false;
  bool is_cut_off_ = false;
  bool has_left_ = false;
  bool is_chunked_ = false;
  bool is_bodiless_ = false;  // HEAD, and what has no body by its status
};

/// Calls the server's handler with an Exchange for this answer.
void hand_over(ServerCore& core, const std::shared_ptr<Answer>& answer);

}  // namespace alpha::http
