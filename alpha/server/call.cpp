#include "alpha/server/call.h"

#include <random>
#include <utility>

#include "alpha/core/hash.h"

namespace alpha {

std::string random_id() {
  static thread_local std::mt19937_64 generator((std::uint64_t{std::random_device{}()} << 32U) |
                                                std::random_device{}());
  return hex64(generator()) + hex64(generator()).substr(0, 8);
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response json_response(const Json& body, int status) {
  return {.status = status, .body = to_text(body) + "\n"};
}

Call::Call(Service& service, std::shared_ptr<http::Exchange> exchange, double now)
    : service_(service),
      exchange_(std::move(exchange)) {
  log.id = "req-" + random_id();
  log.begun_at = now;
  log.client = request().client;
  log.method = request().method;
  log.path = request().path;
  headers_.add("X-Request-Id", log.id);
}

std::string_view Call::query(std::string_view name) const {
  return http::find_parameter(request().query, name).value_or("");
}

void Call::add_header(std::string name, std::string value) {
  headers_.add(std::move(name), std::move(value));
}

void Call::respond(const Json& body, int status) {
  respond(json_response(body, status));
}

void Call::respond(http::Response response) {
  for (const auto& [name, value] : headers_) response.headers.add(name, value);
  exchange_->respond(std::move(response));
}

void Call::begin(std::string content_type) {
  is_event_stream_ = content_type == "text/event-stream";
  begin_pieces({.content_type = std::move(content_type)}, {});
}

void Call::begin(http::Response head, std::size_t content_length) {
  begin_pieces(std::move(head), content_length);
}

void Call::begin_pieces(http::Response head, std::optional<std::size_t> content_length) {
  for (const auto& [name, value] : headers_) head.headers.add(name, value);
  head.headers.add("Cache-Control", "no-store");
  head.headers.add("X-Accel-Buffering", "no");  // a proxy passes each piece on at once
  exchange_->begin(std::move(head), content_length);
}

void Call::fail(const ApiError& error) {
  if (!exchange_->has_begun()) return respond(error_response(error, shape));
  if (!is_event_stream_) return exchange_->abort();
  exchange_->write("data: " + error_body(error, shape) + "\n\n");
  exchange_->end();
}

}  // namespace alpha
