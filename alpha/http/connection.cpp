#include "alpha/http/connection.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

#include "alpha/http/answer.h"
#include "alpha/http/head.h"
#include "alpha/http/request_parser.h"
#include "alpha/http/server_core.h"

namespace alpha::http {

namespace {

constexpr std::size_t kMaxKeptBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxThrownAway = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kKeptCapacity = 1024;  // of a buffer that is empty

void shrink(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptCapacity) buffer.shrink_to_fit();
}

Stream make_stream(const ServerCore& core, int fd) {
  return core.tls ? Stream(fd, core.tls->accept(fd)) : Stream(fd);
}

}  // namespace

Connection::Connection(ServerCore& core, int fd, std::string client)
    : core_(core),
      watch_(core.loop, fd),
      stream_(make_stream(core, fd)),
      client_(std::move(client)) {}

Connection::~Connection() = default;

/// A failing step (no memory, say) costs its own connection, not the server.
template<class F>
void Connection::guard(F&& step) noexcept {
  try {
    step();
  } catch (const std::exception& error) {
    core_.tell(error.what());
    close();
  }
}

void Connection::start() {
  place_ = core_.deadlines.add(shared_from_this());
  guard([this] {
    update_deadline();
    wait_readable();
  });
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  const std::shared_ptr<Connection> self = shared_from_this();
  phase_ = Phase::closed;
  count_body(0);
  core_.deadlines.remove(place_);
  watch_.close();
  if (answer_) std::exchange(answer_, nullptr)->finish(true);
}

void Connection::on_readable() {
  is_waiting_readable_ = false;
  guard([this] {
    read_on();
    if (is_blocked_ && !is_waiting_writable_) flush();
  });
}

void Connection::on_writable() {
  is_waiting_writable_ = false;
  guard([this] {
    if (is_read_blocked_) read_on();
    flush();
  });
}

void Connection::read_on() {
  using State = IoResult::State;
  is_read_blocked_ = false;
  for (;;) {
    if (phase_ == Phase::closed || is_input_closed_) return;
    if (phase_ == Phase::answering && in_.size() >= kMaxKeptBytes) return;
    const bool is_raw = phase_ == Phase::lingering;
    const IoResult result = is_raw ? stream_.read_raw(core_.scratch) : stream_.read(core_.scratch);
    switch (result.state) {
      case State::done: on_bytes({core_.scratch.data(), result.n_bytes}); break;
      case State::wait_readable: update_deadline(); return wait_readable();
      case State::wait_writable: is_read_blocked_ = true; return wait_writable();
      case State::closed: return on_closed_by_client();
      case State::failed: return close();
    }
    // A short read means that there is no more; not so behind TLS, which keeps bytes of its own.
    const bool is_all = !stream_.is_tls() && result.n_bytes < core_.scratch.size();
    const bool is_thrown_away = phase_ == Phase::refusing || phase_ == Phase::lingering;
    if (is_all || is_thrown_away) return wait_readable();
  }
}

void Connection::on_bytes(std::string_view bytes) {
  if (phase_ == Phase::refusing || phase_ == Phase::lingering) {
    n_thrown_away_ += bytes.size();
    if (n_thrown_away_ > kMaxThrownAway) close();
    return;
  }
  if (phase_ == Phase::answering) {
    in_.append(bytes);
    return;
  }
  if (in_.empty()) {
    const std::size_t n = parse(bytes);
    if (phase_ == Phase::reading || phase_ == Phase::answering) in_.assign(bytes.substr(n));
  } else {
    in_.append(bytes);
    const std::size_t n = parse(in_);
    if (n == in_.size())
      shrink(in_);
    else
      in_.erase(0, n);
  }
  update_deadline(true);
}

/// The request that is read or answered has a body of so many bytes.
void Connection::count_body(std::size_t n_bytes) noexcept {
  core_.bodies_bytes = core_.bodies_bytes - body_bytes_ + n_bytes;
  body_bytes_ = n_bytes;
}

/// Reads one request as far as it goes, and begins its answer; returns the bytes used.
std::size_t Connection::parse(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (!parser_) {
    parser_ = std::make_unique<RequestParser>(
        RequestLimits{.max_header_bytes = core_.options.max_header_bytes,
                      .max_body_bytes = core_.options.max_body_bytes});
  }
  const bool was_waiting = parser_->is_waiting_to_continue();
  const std::size_t n = parser_->put(bytes);
  count_body(parser_->body_bytes());
  if (parser_->refusal()) {
    const Refusal refusal = *parser_->refusal();
    refuse(refusal.status, refusal.message);
    return bytes.size();
  }
  if (!is_head_taken()) return bytes.size();
  if (core_.bodies_bytes > core_.options.max_bodies_bytes) {
    refuse(503, "too much is being sent at once: try again later");
    return bytes.size();
  }
  if (parser_->is_done()) {
    start_answer();
  } else if (parser_->is_waiting_to_continue() && !was_waiting) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    flush_soon();
  }
  return n;
}

void Connection::on_closed_by_client() {
  is_input_closed_ = true;
  const bool is_unsent = phase_ == Phase::refusing || (answer_ && answer_->is_complete());
  if (!is_unsent) close();
}

void Connection::start_answer() {
  const AnswerTerms terms{.is_http_1_0 = parser_->is_http_1_0(),
                          .is_keep_alive = parser_->is_keep_alive()};
  Request request = parser_->take();
  request.client = client_;
  request.is_tls = stream_.is_tls();
  parser_.reset();
  is_head_checked_ = false;
  phase_ = Phase::answering;
  answer_ = std::make_shared<Answer>(core_, *this, std::move(request), terms);
  hand_over(core_, answer_);
}

void Connection::finish_answer() {
  const std::shared_ptr<Answer> answer = std::exchange(answer_, nullptr);
  answer->finish(false);
  count_body(0);
  if (phase_ == Phase::closed) return;
  if (is_input_closed_) return close();
  if (!answer->is_keep_alive()) return linger();
  phase_ = Phase::reading;
  const std::size_t n = parse(in_);
  if (n == in_.size())
    shrink(in_);
  else
    in_.erase(0, n);
  update_deadline();
  if (!is_waiting_readable_ && !is_read_blocked_) read_on();
}

/// A request whose body is still to come may be refused for its header.
bool Connection::is_head_taken() {
  if (is_head_checked_ || !parser_->is_header_done()) return true;
  is_head_checked_ = true;
  if (parser_->is_done() || !core_.options.check_head) return true;
  std::optional<Response> answer = core_.options.check_head(parser_->head());
  if (!answer) return true;
  refuse(std::move(*answer));
  return false;
}

void Connection::refuse(int status, std::string_view message) {
  refuse(error_response(status, message));
}

void Connection::refuse(Response response) {
  phase_ = Phase::refusing;
  parser_.reset();
  count_body(0);
  const int status = response.status;
  core_.call([&] {
    if (core_.options.on_refusal) core_.options.on_refusal(status, client_);
  });
  append_head(out_, response, {.content_length = response.body.size(), .is_keep_alive = false},
              core_.date());
  out_ += response.body;
  update_deadline();
  flush_soon();
}

void Connection::linger() {
  stream_.shut_down_sending();
  phase_ = Phase::lingering;
  update_deadline();
  if (!is_waiting_readable_) read_on();
}

void Connection::on_timeout(Wait wait) {
  guard([&] {
    const bool is_asked = wait == Wait::header || wait == Wait::body;
    if (!is_asked || stream_.is_in_handshake() || !parser_) return close();
    if (wait == Wait::header) {
      return refuse(408, fmt::format("the header has not come within {} ms",
                                     core_.options.header_timeout_ms));
    }
    refuse(408,
           fmt::format("nothing of the body has come for {} ms", core_.options.body_timeout_ms));
  });
}

void Connection::flush_soon() {
  if (is_flush_due_ || is_blocked_) return;
  is_flush_due_ = true;
  core_.flush_later(shared_from_this());
}

void Connection::abort() {
  is_aborted_ = true;
  is_blocked_ = false;
  flush_soon();
}

void Connection::flush() {
  using State = IoResult::State;
  is_flush_due_ = false;
  if (phase_ == Phase::closed) return;
  if (is_aborted_) return close();
  guard([this] {
    bool is_progress = false;
    while (n_sent_ < out_.size()) {
      const IoResult result = stream_.write(std::string_view(out_).substr(n_sent_));
      switch (result.state) {
        case State::done:
          n_sent_ += result.n_bytes;
          is_progress = true;
          continue;
        case State::closed:
        case State::failed: return close();
        case State::wait_writable: wait_writable(); break;
        case State::wait_readable: wait_readable(); break;
      }
      is_blocked_ = true;
      if (n_sent_ > kMaxKeptBytes) out_.erase(0, std::exchange(n_sent_, 0));
      return update_deadline(is_progress);
    }
    is_blocked_ = false;
    n_sent_ = 0;
    out_.clear();
    after_flush();
  });
}

void Connection::after_flush() {
  if (answer_ && answer_->is_complete()) {
    shrink(out_);
    finish_answer();
  } else if (phase_ == Phase::refusing) {
    if (is_input_closed_) return close();
    linger();
  } else {
    update_deadline();
    if (const std::shared_ptr<Answer> answer = answer_) answer->drained();
  }
}

void Connection::wait_readable() {
  if (is_waiting_readable_ || phase_ == Phase::closed) return;
  is_waiting_readable_ = true;
  watch_.wait_readable(shared_from_this());
}

void Connection::wait_writable() {
  if (is_waiting_writable_ || phase_ == Phase::closed) return;
  is_waiting_writable_ = true;
  watch_.wait_writable(shared_from_this());
}

void Connection::update_deadline(bool is_progress) {
  if (phase_ == Phase::closed) return;
  Wait wait = Wait::idle;
  if (is_blocked_) {
    wait = Wait::write;
  } else if (phase_ == Phase::lingering) {
    wait = Wait::linger;
  } else if (phase_ != Phase::reading) {
    wait = Wait::nothing;
  } else if (stream_.is_in_handshake()) {
    wait = Wait::header;
  } else if (parser_) {
    wait = parser_->is_header_done() ? Wait::body : Wait::header;
  }
  const bool is_renewed = is_progress && (wait == Wait::body || wait == Wait::write);
  if (is_renewed || place_->wait != wait) core_.deadlines.move(place_, wait);
}

}  // namespace alpha::http
