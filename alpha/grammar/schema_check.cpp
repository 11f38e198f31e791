#include "alpha/grammar/schema_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

enum class Role : std::uint8_t {
  annotation,
  definitions,  // at the root alone
  whole,        // decides about values of every type
  typed         // decides about values of some types
};

struct Keyword {
  std::string_view name;
  Role role;
  unsigned types = 0;
};

constexpr std::array kKeywords = {
    Keyword{"title", Role::annotation},
    Keyword{"description", Role::annotation},
    Keyword{"default", Role::annotation},
    Keyword{"examples", Role::annotation},
    Keyword{"deprecated", Role::annotation},
    Keyword{"readOnly", Role::annotation},
    Keyword{"writeOnly", Role::annotation},
    Keyword{"$comment", Role::annotation},
    Keyword{"$schema", Role::annotation},
    Keyword{"$id", Role::definitions},
    Keyword{"$defs", Role::definitions},
    Keyword{"definitions", Role::definitions},
    Keyword{"type", Role::whole},
    Keyword{"nullable", Role::whole},
    Keyword{"enum", Role::whole},
    Keyword{"const", Role::whole},
    Keyword{"anyOf", Role::whole},
    Keyword{"allOf", Role::whole},
    Keyword{"$ref", Role::whole},
    Keyword{"minLength", Role::typed, kStringType},
    Keyword{"maxLength", Role::typed, kStringType},
    Keyword{"minimum", Role::typed, kIntegerType},
    Keyword{"maximum", Role::typed, kIntegerType},
    Keyword{"exclusiveMinimum", Role::typed, kIntegerType},
    Keyword{"exclusiveMaximum", Role::typed, kIntegerType},
    Keyword{"items", Role::typed, kArrayType},
    Keyword{"prefixItems", Role::typed, kArrayType},
    Keyword{"minItems", Role::typed, kArrayType},
    Keyword{"maxItems", Role::typed, kArrayType},
    Keyword{"properties", Role::typed, kObjectType},
    Keyword{"required", Role::typed, kObjectType},
    Keyword{"additionalProperties", Role::typed, kObjectType},
};

constexpr std::array<std::pair<std::string_view, unsigned>, 7> kTypeNames = {{
    {"null", kNullType},
    {"boolean", kBooleanType},
    {"integer", kIntegerType},
    {"number", kNumberType},
    {"string", kStringType},
    {"array", kArrayType},
    {"object", kObjectType},
}};

const Keyword* find_keyword(std::string_view name) {
  const auto* it = std::find_if(kKeywords.begin(), kKeywords.end(),
                                [name](const Keyword& keyword) { return keyword.name == name; });
  return it == kKeywords.end() ? nullptr : it;
}

unsigned type_named(const Json& name, const SchemaPath& path) {
  if (name.is_string()) {
    for (const auto& [text, type] : kTypeNames) {
      if (text == name.get_ref<const std::string&>()) return type;
    }
  }
  path.refuse(
      "keyword 'type' is {}, expected null, boolean, integer, number, string, array or object",
      shown(name.dump()));
}

/// One value, without those inside; how long it is when written, roughly and not more.
std::size_t check_one(const Json& value) {
  constexpr const char* kNotUtf8 = "schema: a text in it is not valid UTF-8";
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!is_valid_utf8(text)) fail_invalid("{}", kNotUtf8);
    return text.size() + 2;
  }
  std::size_t n_bytes = 2;
  if (value.is_object()) {
    for (const auto& item : value.items()) {
      if (!is_valid_utf8(item.key())) fail_invalid("{}", kNotUtf8);
      n_bytes += item.key().size() + 4;
    }
  }
  const bool is_json = !value.is_discarded() && !value.is_binary() &&
                       !(value.is_number_float() && !std::isfinite(value.get<double>()));
  if (!is_json) fail_invalid("schema: a value in it cannot be written as JSON");
  return n_bytes;
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t kMaxBytes = 60;
  if (text.size() <= kMaxBytes) return std::string(text);
  std::size_t end = 0;
  for (std::size_t at = 0; at <= kMaxBytes;
       at += static_cast<std::size_t>(decode_utf8(text, at).length)) {
    end = at;
  }
  return std::string(text.substr(0, end)) + "…";
}

SchemaPath SchemaPath::operator/(std::string_view name) const {
  constexpr std::size_t kMaxBytes = 200;
  SchemaPath path = *this;
  if (pointer_.size() > kMaxBytes) return path;
  path.pointer_ += '/';
  for (const char c : shown(name)) {
    if (c == '~') {
      path.pointer_ += "~0";
    } else if (c == '/') {
      path.pointer_ += "~1";
    } else {
      path.pointer_ += c;
    }
  }
  return path;
}

std::string SchemaPath::quoted() const {
  return pointer_.empty() ? "the root" : "'" + pointer_ + "'";
}

void check_size(const Json& schema, std::size_t max_bytes, std::size_t max_depth) {
  std::vector<std::pair<const Json*, std::size_t>> pending = {{&schema, 1}};
  std::size_t n_bytes = 0;
  while (!pending.empty()) {
    const auto [value, depth] = pending.back();
    pending.pop_back();
    if (depth > max_depth) {
      fail_invalid("schema: its JSON is nested too deep, expected at most {}", max_depth);
    }
    n_bytes += check_one(*value) + (value->is_structured() ? value->size() : 0);
    if (n_bytes > max_bytes) {
      fail_invalid("schema is too large, expected at most {} bytes", max_bytes);
    }
    if (!value->is_structured()) continue;
    for (const Json& inside : *value) pending.emplace_back(&inside, depth + 1);
  }
}

unsigned read_types(const Json& value, const SchemaPath& path) {
  if (!value.is_array()) return type_named(value, path);
  unsigned types = 0;
  for (const Json& name : value) types |= type_named(name, path);
  if (types == 0) path.refuse("keyword 'type' names no type");
  return types;
}

unsigned implied_types(const Json& schema, const SchemaPath& path, bool is_root) {
  unsigned types = 0;
  for (const auto& item : schema.items()) {
    const Keyword* keyword = find_keyword(item.key());
    if (keyword == nullptr) path.refuse("keyword '{}' is not supported", shown(item.key()));
    if (keyword->role == Role::definitions && !is_root) {
      path.refuse("keyword '{}' is supported at the root alone", keyword->name);
    }
    types |= keyword->types;
  }
  return types;
}

void check_alone(const Json& schema, std::string_view keyword,
                 std::initializer_list<std::string_view> also, const SchemaPath& path) {
  for (const auto& item : schema.items()) {
    const Keyword* other = find_keyword(item.key());
    if (other->role == Role::annotation || other->role == Role::definitions) continue;
    if (other->name == keyword || std::find(also.begin(), also.end(), other->name) != also.end()) {
      continue;
    }
    path.refuse("keyword '{}' is not supported beside '{}'", other->name, keyword);
  }
}

void check_keywords_apply(const Json& schema, unsigned types, const SchemaPath& path) {
  for (const auto& item : schema.items()) {
    const Keyword* keyword = find_keyword(item.key());
    if (keyword->role != Role::typed) continue;
    if (keyword->types == kIntegerType && (types & kNumberType) != 0) {
      path.refuse("keyword '{}' is supported for type 'integer' alone", keyword->name);
    }
    if ((keyword->types & types) != 0) continue;
    path.refuse("keyword '{}' does not apply to its type", keyword->name);
  }
}

bool is_of_type(const Json& value, unsigned types) {
  switch (value.type()) {
    case Json::value_t::null: return (types & kNullType) != 0;
    case Json::value_t::boolean: return (types & kBooleanType) != 0;
    case Json::value_t::string: return (types & kStringType) != 0;
    case Json::value_t::array: return (types & kArrayType) != 0;
    case Json::value_t::object: return (types & kObjectType) != 0;
    default: break;
  }
  const bool is_whole =
      !value.is_number_float() || std::trunc(value.get<double>()) == value.get<double>();
  return (types & kNumberType) != 0 || (is_whole && (types & kIntegerType) != 0);
}

}  // namespace alpha
