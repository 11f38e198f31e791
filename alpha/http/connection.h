#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "alpha/http/deadlines.h"
#include "alpha/http/loop.h"
#include "alpha/http/message.h"
#include "alpha/http/stream.h"

namespace alpha::http {

class Answer;
class RequestParser;
class ServerCore;

/// One client's connection: requests in, one after the other, answers out in the same order. It
/// lives in the server's Deadlines until it is closed. For the server's thread.
///
/// While an answer is being made it reads on, so that a client that leaves is noticed at once. A
/// client that has closed its half of the connection counts as gone: the two look alike until
/// something is written. What it sends meanwhile is kept for later, up to 64 KB; behind a client
/// that sends more than that nothing is read, and its leaving shows only when it is written to.
class Connection final : public Watcher, public std::enable_shared_from_this<Connection> {
 public:
  /// Takes `fd` over. Error: io.
  Connection(ServerCore& core, int fd, std::string client);
  ~Connection() override;

  void start();

  /// Closes it as it is. An answer that is not complete has been left.
  void close();

  /// Sends what is there to be sent.
  void flush();

  void on_readable() override;
  void on_writable() override;
  void on_timeout(Wait wait);

  // For the answer that is being made.

  /// Where its bytes go; `flush_soon` has them sent.
  std::string& out() noexcept { return out_; }

  std::size_t unsent_bytes() const noexcept { return out_.size() - n_sent_; }

  void flush_soon();

  /// Closes it soon, in the middle of an answer that will not be completed.
  void abort();

 private:
  enum class Phase {
    reading,    // a request, or nothing
    answering,  // one request
    refusing,   // the last answer is on its way, nothing more is read
    lingering,  // all is said; reads on for a while, so that the client sees it before a reset
    closed
  };

  void read_on();
  void count_body(std::size_t n_bytes) noexcept;
  void on_bytes(std::string_view bytes);
  std::size_t parse(std::string_view bytes);
  void on_closed_by_client();
  void start_answer();
  void finish_answer();
  bool is_head_taken();
  void refuse(Response response);
  void refuse(int status, std::string_view message);
  void linger();
  void after_flush();
  void wait_readable();
  void wait_writable();

  /// Has the deadline that belongs to the state. `is_progress`: what it waited for came in part.
  void update_deadline(bool is_progress = false);

  template<class F>
  void guard(F&& step) noexcept;

  ServerCore& core_;
  Watch watch_;
  Stream stream_;
  Deadlines::Place place_ = {};
  std::unique_ptr<RequestParser> parser_;  // from a request's first byte to its last
  std::shared_ptr<Answer> answer_;
  std::string client_;
  std::string in_;   // what the parser has not used yet
  std::string out_;  // what is not sent yet, from n_sent_ on
  std::size_t n_sent_ = 0;
  std::size_t n_thrown_away_ = 0;
  std::size_t body_bytes_ = 0;  // as counted in ServerCore::bodies_bytes
  Phase phase_ = Phase::reading;
  bool is_waiting_readable_ = false;
  bool is_waiting_writable_ = false;
  bool is_blocked_ = false;       // the network takes no more for now
  bool is_read_blocked_ = false;  // TLS has to write before it can read
  bool is_flush_due_ = false;
  bool is_aborted_ = false;
  bool is_head_checked_ = false;  // of the request that is read
  bool is_input_closed_ = false;
};

}  // namespace alpha::http
