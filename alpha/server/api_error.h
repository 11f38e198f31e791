#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "alpha/core/error.h"
#include "alpha/http/message.h"

namespace alpha {

/// How a route says what went wrong.
enum class ErrorShape : std::uint8_t {
  openai,   // {"error": {message, type, param, code}}
  original  // {"error": message}
};

/// An answer that is no success. `param` is the field of the request that is at fault, `code` what
/// programs look at; empty: null.
struct ApiError : std::runtime_error {
  ApiError(int status_code, const std::string& message, std::string at_param = {},
           std::string error_code = {})
      : std::runtime_error(message),
        status(status_code),
        param(std::move(at_param)),
        code(std::move(error_code)) {}

  int status;
  std::string param;
  std::string code;
  http::Fields headers = {};  // Retry-After, Allow, …
};

/// 400 for field `param`.
template<class... Args>
[[noreturn]] void fail_param(std::string_view param, fmt::format_string<Args...> format,
                             Args&&... args) {
  throw ApiError(400, fmt::format(format, std::forward<Args>(args)...), std::string(param));
}

/// What an exception is to a client: an ApiError as it is; an Error by its code, in its own words
/// where the client is at fault; anything else 500 and no details.
ApiError to_api_error(const std::exception& error);

/// For a client of a given code.
ApiError to_api_error(ErrorCode code, const std::string& message);

/// The text of the body alone, as JSON.
std::string error_body(const ApiError& error, ErrorShape shape);

/// The whole answer.
http::Response error_response(const ApiError& error, ErrorShape shape);

}  // namespace alpha
