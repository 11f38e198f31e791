#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "alpha/core/json.h"

namespace alpha {

/// The beginning of a text from outside, for messages.
std::string shown(std::string_view text);

/// The way to one schema, for messages; very long ways are shortened.
class SchemaPath {
 public:
  SchemaPath() = default;

  /// One step on, escaped as in a JSON pointer.
  SchemaPath operator/(std::string_view name) const;

  /// `'/properties/a'`, or `the root`.
  std::string quoted() const;

  /// Throws Error(invalid_argument): `schema at '/properties/a': …`.
  template<class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail_invalid("schema at {}: {}", quoted(), fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  std::string pointer_;
};

/// What a schema's value can be, as bits.
inline constexpr unsigned kNullType = 1U;
inline constexpr unsigned kBooleanType = 2U;
inline constexpr unsigned kIntegerType = 4U;
inline constexpr unsigned kNumberType = 8U;
inline constexpr unsigned kStringType = 16U;
inline constexpr unsigned kArrayType = 32U;
inline constexpr unsigned kObjectType = 64U;

inline constexpr unsigned kAnyType = 127U - kIntegerType;

/// Without recursion, since nothing is known of the value yet: at most `max_bytes` when written
/// compactly, at most `max_depth` deep, text valid UTF-8 and numbers finite.
/// Error(invalid_argument).
void check_size(const Json& schema, std::size_t max_bytes, std::size_t max_depth);

/// The types that a `type` keyword names. Error(invalid_argument) as all below.
unsigned read_types(const Json& value, const SchemaPath& path);

/// The types of which the schema's keywords speak; 0 if they speak of none. Refuses keywords that
/// are not supported.
unsigned implied_types(const Json& schema, const SchemaPath& path, bool is_root);

/// Refuses keywords beside `keyword` that are neither annotations nor in `also`.
void check_alone(const Json& schema, std::string_view keyword,
                 std::initializer_list<std::string_view> also, const SchemaPath& path);

/// Refuses keywords that speak of none of `types`.
void check_keywords_apply(const Json& schema, unsigned types, const SchemaPath& path);

/// Whether the value is of one of `types`; a whole number is an integer however it is written.
bool is_of_type(const Json& value, unsigned types);

}  // namespace alpha
