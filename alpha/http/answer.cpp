#include "alpha/http/answer.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

#include "alpha/core/error.h"
#include "alpha/http/connection.h"
#include "alpha/http/head.h"
#include "alpha/http/server_core.h"

namespace alpha::http {

Answer::Answer(ServerCore& core, Connection& connection, Request request, AnswerTerms terms)
    : core_(core),
      connection_(&connection),
      request_(std::move(request)),
      terms_(terms) {}

void Answer::respond(Response response) {
  if (is_over()) return;
  ALPHA_CHECK(!has_begun_, "[http] an answer in pieces cannot be given at once");
  start(response, true, response.body.size());
  is_complete_ = true;
  connection_->flush_soon();
}

void Answer::begin(Response head, std::optional<std::size_t> content_length) {
  if (is_over()) return;
  ALPHA_CHECK(!has_begun_, "[http] an answer begins once");
  const std::string piece = std::exchange(head.body, {});
  start(head, false, content_length);
  connection_->flush_soon();
  write(piece);
}

/// Writes the head, and a whole body. A response that cannot be written becomes 500.
void Answer::start(Response& response, bool is_whole, std::optional<std::size_t> content_length) {
  if (!is_writable(response)) {
    core_.tell(fmt::format("{} {}: the answer has status {}, or a header with a control character",
                           request_.method, request_.path, response.status));
    response = error_response(500, "internal error");
    is_whole = is_complete_ = true;
    content_length = response.body.size();
  }
  has_begun_ = true;
  status_ = response.status;
  is_bodiless_ = request_.method == "HEAD" || !has_body(status_);
  is_chunked_ = !content_length && !terms_.is_http_1_0 && has_body(status_);
  const bool is_ended_by_close = !content_length && !is_bodiless_ && !is_chunked_;
  terms_.is_keep_alive = terms_.is_keep_alive && !is_ended_by_close && !core_.is_finishing;
  Framing framing{.is_chunked = is_chunked_, .is_keep_alive = terms_.is_keep_alive};
  if (has_body(status_)) framing.content_length = content_length;
  append_head(connection_->out(), response, framing, core_.date());
  if (is_bodiless_) return;
  if (!is_whole) {
    content_length_ = content_length;
    return;
  }
  connection_->out() += response.body;
  body_bytes_ = response.body.size();
}

void Answer::write(std::string_view piece) {
  if (is_over()) return;
  ALPHA_CHECK(has_begun_, "[http] an answer in pieces has to begin");
  if (piece.empty() || is_bodiless_) return;
  if (content_length_ && piece.size() > *content_length_ - body_bytes_) {
    return give_up(
        fmt::format("the answer has more than the {} bytes it began with", *content_length_));
  }
  body_bytes_ += piece.size();
  if (is_chunked_)
    append_chunk(connection_->out(), piece);
  else
    connection_->out() += piece;
  connection_->flush_soon();
}

void Answer::end() {
  if (is_over()) return;
  ALPHA_CHECK(has_begun_, "[http] an answer in pieces has to begin");
  if (content_length_ && body_bytes_ < *content_length_) {
    return give_up(
        fmt::format("the answer ends after {} of {} bytes", body_bytes_, *content_length_));
  }
  if (is_chunked_ && !is_bodiless_) connection_->out() += kLastChunk;
  is_complete_ = true;
  connection_->flush_soon();
}

std::size_t Answer::unsent_bytes() const noexcept {
  return connection_ == nullptr ? 0 : connection_->unsent_bytes();
}

void Answer::give_up(std::string_view reason) {
  if (is_over()) return;
  core_.tell(fmt::format("{} {}: {}", request_.method, request_.path, reason));
  if (!has_begun_) return respond(error_response(500, "internal error"));
  is_cut_off_ = true;
  connection_->abort();
}

void Answer::set_drain_hook(std::function<void()> hook) {
  if (!is_over()) drain_hook_ = std::move(hook);
}

void Answer::drained() {
  if (!is_over() && unsent_bytes() == 0) core_.call(std::exchange(drain_hook_, {}));
}

void Answer::finish(bool has_left) {
  connection_ = nullptr;
  has_left_ = has_left;
  // Taken out first: a hook may hold the exchange, and with it this answer.
  const std::function<void()> drain_hook = std::exchange(drain_hook_, {});
  const std::function<void()> leave_hook = std::exchange(leave_hook_, {});
  const std::function<void(const Outcome&)> done_hook = std::exchange(done_hook_, {});
  if (has_left) core_.call(leave_hook);
  if (done_hook) core_.call([&] { done_hook(outcome()); });
}

namespace {

class HttpExchange final : public Exchange {
 public:
  HttpExchange(std::shared_ptr<Answer> answer, std::shared_ptr<Mailbox> mailbox)
      : answer_(std::move(answer)),
        mailbox_(std::move(mailbox)) {}

  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  /// Whoever lets go of it last may be another thread, which must not look at the answer.
  ~HttpExchange() override {
    constexpr std::string_view kReason = "let go without an answer";
    try {
      if (mailbox_->is_own_thread()) {
        answer_->give_up(kReason);
      } else {
        mailbox_->post([answer = std::move(answer_), kReason] { answer->give_up(kReason); });
      }
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory; the client waits until it leaves
    }
  }

  const Request& request() const noexcept override { return answer_->request(); }

  void respond(Response response) override { answer_->respond(std::move(response)); }

  void begin(Response head, std::optional<std::size_t> content_length) override {
    answer_->begin(std::move(head), content_length);
  }

  void write(std::string_view piece) override { answer_->write(piece); }

  void end() override { answer_->end(); }

  void abort() override { answer_->give_up("cut off"); }

  bool has_begun() const noexcept override { return answer_->has_begun(); }

  std::size_t unsent_bytes() const noexcept override { return answer_->unsent_bytes(); }

  void on_drain(std::function<void()> hook) override {
    answer_->set_drain_hook(std::move(hook));
    if (answer_->unsent_bytes() == 0) mailbox_->post([answer = answer_] { answer->drained(); });
  }

  void on_leave(std::function<void()> hook) override {
    if (!answer_->is_finished()) return answer_->set_leave_hook(std::move(hook));
    if (answer_->has_left()) mailbox_->post(std::move(hook));
  }

  void on_done(std::function<void(const Outcome&)> hook) override {
    if (!answer_->is_finished()) return answer_->set_done_hook(std::move(hook));
    mailbox_->post([hook = std::move(hook), outcome = answer_->outcome()] { hook(outcome); });
  }

  void post(std::function<void()> task) override { mailbox_->post(std::move(task)); }

 private:
  std::shared_ptr<Answer> answer_;
  std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace

void hand_over(ServerCore& core, const std::shared_ptr<Answer>& answer) {
  const auto exchange = std::make_shared<HttpExchange>(answer, core.mailbox);
  try {
    core.handler(exchange);
  } catch (const std::exception& error) {
    answer->give_up(error.what());
  } catch (...) {
    answer->give_up("an exception of unknown type");
  }
}

}  // namespace alpha::http
