#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alpha::http {

/// Header fields or query parameters in the order they came.
class Fields {
 public:
  Fields() = default;

  Fields(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }

  auto begin() const noexcept { return fields_.begin(); }

  auto end() const noexcept { return fields_.end(); }

  std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// The first header of this name, upper and lower case alike; none where there is none.
std::optional<std::string_view> find_header(const Fields& headers, std::string_view name);

/// The first query parameter of this name, letter by letter.
std::optional<std::string_view> find_parameter(const Fields& query, std::string_view name);

/// What a client asked for.
struct Request {
  std::string method = {};  // "GET"
  std::string path = {};    // decoded: "/v1/models/my model"
  Fields query = {};        // decoded
  Fields headers = {};
  std::string body = {};
  std::string client = {};  // the address it came from, without the port
  bool is_tls = false;
};

/// An answer. Content-Length, Transfer-Encoding, Connection, Date and Server are the server's own.
struct Response {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  Fields headers = {};
};

/// `a%20b` and, in a query, `a+b`: "a b". None where a `%` is not followed by two hex digits, and
/// for a zero byte.
std::optional<std::string> decode_percent(std::string_view text, bool is_query);

/// "Too Many Requests" for 429.
std::string_view reason_of(int status) noexcept;

}  // namespace alpha::http
