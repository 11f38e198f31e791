#include "alpha/server/api_error.h"

#include "alpha/core/json.h"

namespace alpha {

namespace {

constexpr std::string_view kOurFault = "the server has failed at this request";

/// OpenAI's names.
std::string_view type_of(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 429: return "rate_limit_error";
    default: return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

Json or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

ApiError to_api_error(ErrorCode code, const std::string& message) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::unsupported: return {400, message};
    case ErrorCode::not_found: return {404, message};
    case ErrorCode::overloaded: return {429, message, {}, "overloaded"};
    case ErrorCode::cancelled: return {499, message};
    case ErrorCode::out_of_memory: return {503, message, {}, "out_of_memory"};
    // What files and devices say is for the log.
    default: return {500, std::string(kOurFault), {}, std::string(to_string(code))};
  }
}

ApiError to_api_error(const std::exception& error) {
  if (const auto* api = dynamic_cast<const ApiError*>(&error)) return *api;
  if (const auto* known = dynamic_cast<const Error*>(&error)) {
    return to_api_error(known->code(), known->what());
  }
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return {503, "out of memory", {}, "out_of_memory"};
  }
  return {500, std::string(kOurFault)};
}

std::string error_body(const ApiError& error, ErrorShape shape) {
  const Json body = shape == ErrorShape::original ? Json{{"error", error.what()}}
                                                  : Json{{"error",
                                                          {{"message", error.what()},
                                                           {"type", type_of(error.status)},
                                                           {"param", or_null(error.param)},
                                                           {"code", or_null(error.code)}}}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response error_response(const ApiError& error, ErrorShape shape) {
  return {.status = error.status, .body = error_body(error, shape), .headers = error.headers};
}

}  // namespace alpha
