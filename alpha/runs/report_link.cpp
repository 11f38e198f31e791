#include "alpha/runs/report_link.h"

#include <utility>

namespace alpha {

namespace {

constexpr std::size_t kShownBytes = 200;

/// What the server says is wrong: the text of `error`, or the start of the body.
std::string reason_in(const http::Response& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  if (body.is_object()) {
    const Json error = body.value("error", Json());
    if (error.is_string()) return error.get<std::string>();
    if (error.is_object() && error.value("message", Json()).is_string()) {
      return error.at("message").get<std::string>();
    }
  }
  return response.body.substr(0, kShownBytes);
}

Delivery delivery_of(int status) noexcept {
  if (status >= 200 && status < 300) return Delivery::done;
  if (status == 404) return Delivery::unknown_run;
  // The secret may be set right, the proxy come back, the rush be over.
  const bool may_change = status == 401 || status == 403 || status == 408 || status == 429;
  return may_change || status >= 500 || status < 400 ? Delivery::retry : Delivery::refused;
}

}  // namespace

ReportLink::ReportLink(http::Url url, const std::string& secret)
    : client_(std::move(url)),
      authorization_("Bearer " + secret) {}

Answer ReportLink::post(std::string_view path, const Json& message) {
  return send(path, {{"Content-Type", "application/json"}},
              message.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Answer ReportLink::post(std::string_view path, const http::Fields& headers,
                        std::string_view bytes) {
  http::Fields all = headers;
  all.add("Content-Type", "application/octet-stream");
  return send(path, std::move(all), bytes);
}

Answer ReportLink::send(std::string_view path, http::Fields headers, std::string_view body) {
  headers.add("Authorization", authorization_);
  try {
    const http::Response response = client_.request("POST", path, headers, body);
    const Delivery delivery = delivery_of(response.status);
    if (delivery == Delivery::done) return {};
    return {.delivery = delivery,
            .problem = fmt::format("the server answers {} {}: {}", response.status,
                                   http::reason_of(response.status), reason_in(response))};
  } catch (const Error& error) {
    return {
        .delivery = error.code() == ErrorCode::cancelled ? Delivery::cancelled : Delivery::retry,
        .problem = error.what()};
  }
}

}  // namespace alpha
