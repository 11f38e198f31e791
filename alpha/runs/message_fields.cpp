#include "alpha/runs/message_fields.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxNameBytes = 64;

std::size_t text_size(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace).size();
}

}  // namespace

const Json& field(const Json& object, const char* key) {
  static const Json kNull;
  const auto it = object.find(key);
  return it == object.end() ? kNull : *it;
}

std::string text_field(const Json& object, const char* key, std::size_t max_bytes,
                       const std::string& where) {
  const Json& value = field(object, key);
  if (value.is_null()) return {};
  if (!value.is_string()) fail_invalid("field '{}': expected a text", where);
  auto text = value.get<std::string>();
  if (text.size() > max_bytes) {
    fail_invalid("field '{}': got {} bytes, expected at most {}", where, text.size(), max_bytes);
  }
  return text;
}

std::optional<std::int64_t> step_field(const Json& object, const char* key,
                                       const std::string& where) {
  const Json& value = field(object, key);
  if (value.is_null()) return std::nullopt;
  if (json_is<std::int64_t>(value)) {
    const auto step = value.get<std::int64_t>();
    if (step >= 0 && step <= kMaxStep) return step;
  }
  fail_invalid("field '{}': expected a whole number from 0 to {}", where, kMaxStep);
}

std::int64_t required_step(const Json& object, const char* key, const std::string& where) {
  const auto step = step_field(object, key, where);
  if (!step) fail_invalid("field '{}' is missing", where);
  return *step;
}

const Json& object_field(const Json& object, const char* key, std::size_t max_bytes,
                         const std::string& where) {
  const Json& value = field(object, key);
  if (!value.is_object()) fail_invalid("field '{}': expected an object", where);
  if (const std::size_t n = text_size(value); n > max_bytes) {
    fail_invalid("field '{}': got {} bytes, expected at most {}", where, n, max_bytes);
  }
  return value;
}

const Json& array_field(const Json& object, const char* key, std::size_t max_items,
                        const std::string& where) {
  const Json& value = field(object, key);
  if (!value.is_array()) fail_invalid("field '{}': expected an array", where);
  if (value.size() > max_items) {
    fail_invalid("field '{}': got {} items, expected at most {}", where, value.size(), max_items);
  }
  return value;
}

void check_flat(const Json& object, std::size_t max_fields, std::size_t max_text_bytes,
                const std::string& where) {
  if (!object.is_object()) fail_invalid("field '{}': expected an object", where);
  if (object.size() > max_fields) {
    fail_invalid("field '{}': got {} fields, expected at most {}", where, object.size(),
                 max_fields);
  }
  for (const auto& [name, value] : object.items()) {
    if (name.empty() || name.size() > kMaxNameBytes) {
      fail_invalid("field '{}': a name in it has {} bytes, expected 1 to {}", where, name.size(),
                   kMaxNameBytes);
    }
    if (value.is_structured()) {
      fail_invalid("field '{}.{}': expected a number, a boolean, a text or null", where, name);
    }
    if (value.is_string() && value.get_ref<const std::string&>().size() > max_text_bytes) {
      fail_invalid("field '{}.{}': got {} bytes, expected at most {}", where, name,
                   value.get_ref<const std::string&>().size(), max_text_bytes);
    }
  }
}

}  // namespace alpha
