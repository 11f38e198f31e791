#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "alpha/core/error.h"
#include "alpha/core/json_fwd.h"

namespace alpha {

/// Error(corrupt) naming `where`, with the position of the mistake.
Json parse_json(std::string_view text, std::string_view where);

/// Error: not_found, io, corrupt.
Json read_json_file(const std::filesystem::path& path);

/// `object[key]` as T. Error(corrupt): `where: field 'key' is missing` or `… is not a …`.
template<class T>
T json_get(const Json& object, const char* key, std::string_view where) {
  const auto it = object.find(key);
  if (it == object.end()) fail(ErrorCode::corrupt, "{}: field '{}' is missing", where, key);
  try {
    return it->template get<T>();
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::corrupt, "{}: field '{}' has the wrong type: {}", where, key,
         it->dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60));
  }
}

/// The same, with a value for a missing field.
template<class T>
T json_get(const Json& object, const char* key, std::string_view where, T fallback) {
  return object.contains(key) ? json_get<T>(object, key, where) : fallback;
}

}  // namespace alpha
