#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/json.h"
#include "alpha/http/exchange.h"
#include "alpha/server/router.h"

namespace alpha {

class Service;

/// What is to be logged of a request. It outlives the call.
struct CallLog {
  std::string id;
  std::string client;
  std::string method;
  std::string path;
  double begun_at = 0;
  std::string route;  // the pattern
  std::string key;    // the name of the API key
  std::string model;
  std::int64_t n_prompt_tokens = 0;
  std::int64_t n_tokens = 0;
  std::string finish_reason;
};

/// One request to the service. For the server's thread.
class Call {
 public:
  Call(Service& service, std::shared_ptr<http::Exchange> exchange, double now);

  Service& service() const noexcept { return service_; }

  const std::shared_ptr<http::Exchange>& exchange() const noexcept { return exchange_; }

  const http::Request& request() const noexcept { return exchange_->request(); }

  /// A parameter of the query; empty where it is not there.
  std::string_view query(std::string_view name) const;

  /// What stands for each `{}` in the route's pattern; the first of them, empty where it has none.
  std::vector<std::string> parameters;
  std::string parameter;
  ErrorShape shape = ErrorShape::openai;
  const std::shared_ptr<CallLog> shared_log = std::make_shared<CallLog>();
  CallLog& log = *shared_log;

  /// `req-` and 24 hex digits: the header X-Request-Id, and the tail of ids in answers.
  const std::string& id() const noexcept { return log.id; }

  /// Seconds of the service's clock.
  double begun_at() const noexcept { return log.begun_at; }

  /// Goes with the answer.
  void add_header(std::string name, std::string value);

  void respond(const Json& body, int status = 200);
  void respond(http::Response response);

  /// Begins an answer in pieces, `text/event-stream` unless said otherwise.
  void begin(std::string content_type = "text/event-stream");

  /// Begins an answer in pieces that have `content_length` bytes together.
  void begin(http::Response head, std::size_t content_length);

  void write(std::string_view piece) { exchange_->write(piece); }

  void end() { exchange_->end(); }

  /// Tells what went wrong: as the answer, or, where that has begun, as an event of the stream; one
  /// that has none is cut off.
  void fail(const ApiError& error);

 private:
  void begin_pieces(http::Response head, std::optional<std::size_t> content_length);

  Service& service_;
  std::shared_ptr<http::Exchange> exchange_;
  http::Fields headers_;
  bool is_event_stream_ = false;
};

/// JSON as text; broken UTF-8 is replaced.
std::string to_text(const Json& json);

/// A whole answer of JSON.
http::Response json_response(const Json& body, int status = 200);

/// 24 hex digits, never the same twice.
std::string random_id();

}  // namespace alpha
