#include <charconv>

#include "alpha/server/request_body.h"
#include "alpha/server/routes/routes.h"
#include "alpha/server/service.h"

namespace alpha {

namespace {

/// What was reported is there to be seen at once.
void look_again(const std::shared_ptr<Call>& call) {
  call->exchange()->post([call] { call->service().rescan(); });
}

void ingest(const std::shared_ptr<Call>& call) {
  call->service().respond_later(call, [call] {
    const std::string& body = call->request().body;
    const Json result = call->service().ingest().handle(parse_request_body(body, body.size()));
    look_again(call);
    return json_response(result);
  });
}

void complete(const std::shared_ptr<Call>& call) {
  call->service().respond_later(call, [call] {
    const std::string& body = call->request().body;
    const Json result = call->service().ingest().complete(parse_request_body(body, body.size()));
    look_again(call);
    return json_response(result);
  });
}

std::string_view required_header(const Call& call, std::string_view name) {
  const auto value = http::find_header(call.request().headers, name);
  if (!value || value->empty()) fail_param(name, "the header {} is missing", name);
  return *value;
}

template<class T>
T number_header(const Call& call, std::string_view name) {
  const std::string_view text = required_header(call, name);
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail_param(name, "the header {} is '{}', expected a whole number", name, text.substr(0, 40));
  }
  return value;
}

/// A piece of a file of a checkpoint; docs/reporting.md has the protocol.
void upload(const std::shared_ptr<Call>& call) {
  const std::string name(required_header(*call, "X-Checkpoint-Name"));
  const auto step = number_header<std::int64_t>(*call, "X-Checkpoint-Step");
  const std::string file(required_header(*call, "X-Checkpoint-File"));
  const auto offset = number_header<std::uint64_t>(*call, "X-Checkpoint-Offset");
  call->service().respond_later(call, [call, name, step, file, offset] {
    const UploadProgress progress =
        call->service().uploads().put(name, step, file, offset, call->request().body);
    if (progress.is_complete) look_again(call);
    return json_response({{"ok", true},
                          {"name", name},
                          {"step", step},
                          {"file", file},
                          {"received", progress.received_bytes},
                          {"complete", progress.is_complete}});
  });
}

}  // namespace

void add_ingest_routes(Router& router, Service& /*service*/) {
  const auto add = [&router](const char* pattern, auto* body) {
    router.add({"POST", pattern, body, Access::secret, ErrorShape::original});
  };
  add("/api/ingest", ingest);
  add("/api/ingest/complete", complete);
  add("/api/upload", upload);
}

}  // namespace alpha
