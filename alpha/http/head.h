#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alpha/http/message.h"

namespace alpha::http {

// An answer as bytes.

/// What the server decides about an answer.
struct Framing {
  std::optional<std::size_t> content_length = {};
  bool is_chunked = false;
  bool is_keep_alive = true;
};

/// Whether the answer can be written as it is: a status of 200 to 599, names that are tokens,
/// values without control characters (a line end in one would let a value write headers of its
/// own).
bool is_writable(const Response& response) noexcept;

/// Whether an answer of this status has a body at all.
constexpr bool has_body(int status) noexcept {
  return status != 204 && status != 304;
}

/// The status line and the headers. Headers that are the server's own are left out of `response`.
void append_head(std::string& out, const Response& response, const Framing& framing,
                 std::string_view date);

/// One chunk; `piece` must not be empty, since that ends a body.
void append_chunk(std::string& out, std::string_view piece);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// An error in OpenAI's form. `message` is plain text of ours: it is not escaped.
Response error_response(int status, std::string_view message);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::int64_t unix_s);

}  // namespace alpha::http
