#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/core/json.h"
#include "alpha/server/api_error.h"

namespace alpha {

/// What a body of JSON may have where the server's thread parses it: some milliseconds.
inline constexpr std::size_t kMaxJsonBytes = std::size_t{1} << 20U;

/// The JSON object that a request's body is. Time and memory are bounded by `max_bytes`: nesting
/// deeper than 64, and objects with so many fields that looking for repeated ones would take long,
/// are refused. Error: ApiError 400 naming what is wrong, with the place; 413 for a longer body.
Json parse_request_body(std::string_view body, std::size_t max_bytes = kMaxJsonBytes);

/// The fields of a request, each asked for by name with what it may be. A field that is null is one
/// that is not there. What was never asked for is unknown. Error: ApiError 400 with the field as
/// param.
class RequestFields {
 public:
  /// `body`, an object, is borrowed. `where`: its place in the request, before the names of its
  /// fields in messages.
  explicit RequestFields(const Json& body, std::string where = {})
      : body_(body),
        where_(std::move(where)) {}

  /// The name of a field as it is told: `messages[3].role`.
  std::string path(std::string_view name) const;

  /// Null when it is not there.
  const Json* find(std::string_view name);

  std::optional<double> number(std::string_view name, double least, double most);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<bool> boolean(std::string_view name);
  std::optional<std::string> text(std::string_view name, std::size_t max_bytes);

  /// A text or a list of them, at most `max_texts`.
  std::vector<std::string> texts(std::string_view name, std::size_t max_texts,
                                 std::size_t max_bytes);

  /// Refuses a field unless it is null, false, 0, empty, or one of `harmless`.
  void refuse(std::string_view name, std::string_view why, const std::vector<Json>& harmless = {});

  /// The names that were not asked for, in the order of the body; then those within.
  std::vector<std::string> unknown() const;

  /// What is unknown within a field counts too.
  void add_unknown(const RequestFields& inner);

 private:
  const Json& body_;
  std::string where_;
  std::vector<std::string> unknown_within_;
  std::set<std::string, std::less<>> known_;
};

/// The beginning of a value, for messages.
std::string shown(const Json& value);

}  // namespace alpha
