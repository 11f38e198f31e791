#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alpha/core/json.h"

namespace alpha {

// Fields of a message from outside. Each error is invalid_argument and begins `field '<where>'`.

inline constexpr std::int64_t kMaxStep = 1'000'000'000'000'000;

/// `object[key]`, or null where there is none.
const Json& field(const Json& object, const char* key);

/// A text of at most `max_bytes`; empty where there is none.
std::string text_field(const Json& object, const char* key, std::size_t max_bytes,
                       const std::string& where);

/// A step: a whole number from 0 to kMaxStep; none where there is none.
std::optional<std::int64_t> step_field(const Json& object, const char* key,
                                       const std::string& where);

/// The same, which must be there.
std::int64_t required_step(const Json& object, const char* key, const std::string& where);

/// An object of at most `max_bytes` as text.
const Json& object_field(const Json& object, const char* key, std::size_t max_bytes,
                         const std::string& where);

/// An array of at most `max_items`.
const Json& array_field(const Json& object, const char* key, std::size_t max_items,
                        const std::string& where);

/// An object of at most `max_fields` numbers, booleans, nulls, and texts of at most
/// `max_text_bytes`, whose names have at most 64 bytes.
void check_flat(const Json& object, std::size_t max_fields, std::size_t max_text_bytes,
                const std::string& where);

}  // namespace alpha
