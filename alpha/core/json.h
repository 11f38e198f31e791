#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "alpha/core/error.h"
#include "alpha/core/json_fwd.h"

namespace alpha {

/// Error(corrupt) naming `where`, with the position of the mistake.
Json parse_json(std::string_view text, std::string_view where);

/// Error: not_found, io, corrupt.
Json read_json_file(const std::filesystem::path& path);

/// Whether `value` is a T: integers are integers within range, booleans booleans.
template<class T>
bool json_is(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::is_integral_v<T>) {
    return value.is_number_unsigned()
               ? std::in_range<T>(value.get<std::uint64_t>())
               : value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.is_string();
  } else {
    static_assert(std::is_same_v<T, Json>);
    return true;
  }
}

/// `object[key]` as T. Error(corrupt): `where: field 'key' is missing` or `… has the wrong type`.
template<class T>
T json_get(const Json& object, const char* key, std::string_view where) {
  const auto it = object.find(key);
  if (it == object.end()) fail(ErrorCode::corrupt, "{}: field '{}' is missing", where, key);
  if (!json_is<T>(*it)) {
    fail(ErrorCode::corrupt, "{}: field '{}' has the wrong type or is out of range: {}", where, key,
         it->dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60));
  }
  return it->template get<T>();
}

/// The same, with a value for a missing field.
template<class T>
T json_get(const Json& object, const char* key, std::string_view where, T fallback) {
  return object.contains(key) ? json_get<T>(object, key, where) : fallback;
}

}  // namespace alpha
