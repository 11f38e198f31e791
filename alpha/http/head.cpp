#include "alpha/http/head.h"

#include <array>
#include <charconv>
#include <ctime>

#include <fmt/format.h>

#include "alpha/http/ascii.h"

namespace alpha::http {

namespace {

bool is_value(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

bool is_own_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> kOwn = {
      "content-length", "transfer-encoding", "connection", "date", "server", "content-type"};
  return std::any_of(kOwn.begin(), kOwn.end(),
                     [&](std::string_view own) { return is_same_word(own, name); });
}

void append_number(std::string& out, std::size_t number, int base) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool is_writable(const Response& response) noexcept {
  if (response.status < 200 || response.status > 599) return false;
  return is_value(response.content_type) &&
         std::all_of(response.headers.begin(), response.headers.end(), [](const auto& field) {
           return is_token(field.first) && is_value(field.second);
         });
}

void append_head(std::string& out, const Response& response, const Framing& framing,
                 std::string_view date) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status), 10);
  out.append(" ").append(reason_of(response.status)).append("\r\nServer: alpha\r\n");
  append_field(out, "Date", date);
  append_field(out, "Connection", framing.is_keep_alive ? "keep-alive" : "close");
  if (has_body(response.status) && !response.content_type.empty()) {
    append_field(out, "Content-Type", response.content_type);
  }
  if (framing.content_length) {
    out += "Content-Length: ";
    append_number(out, *framing.content_length, 10);
    out += "\r\n";
  } else if (framing.is_chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    if (!is_own_header(name)) append_field(out, name, value);
  }
  out += "\r\n";
}

void append_chunk(std::string& out, std::string_view piece) {
  append_number(out, piece.size(), 16);
  out.append("\r\n").append(piece).append("\r\n");
}

Response error_response(int status, std::string_view message) {
  return {
      .status = status,
      .body = fmt::format(R"({{"error":{{"message":"{}","type":"{}","param":null,"code":null}}}})",
                          message, status >= 500 ? "server_error" : "invalid_request_error")};
}

std::string http_date(std::int64_t unix_s) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = unix_s;
  std::tm utc = {};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                     kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace alpha::http
