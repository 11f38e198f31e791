#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "alpha/core/json.h"

namespace alpha {

/// JSON Schema as its specification defines it, for the keywords that the grammar supports. Plain
/// and slow: what the grammar's texts are checked with.
class SchemaValidator {
 public:
  explicit SchemaValidator(Json schema) : root_(std::move(schema)) {}

  bool is_valid(const Json& value) const { return check(root_, value); }

 private:
  bool check(const Json& schema, const Json& value) const {
    if (schema.is_boolean()) return schema.get<bool>();
    return check_whole(schema, value) && check_scalar(schema, value) &&
           (!value.is_array() || check_array(schema, value)) &&
           (!value.is_object() || check_object(schema, value));
  }

  bool check_whole(const Json& schema, const Json& value) const {
    if (schema.contains("$ref") && !check(resolve(schema["$ref"]), value)) return false;
    if (schema.contains("const") && schema["const"] != value) return false;
    if (schema.contains("enum")) {
      const Json& values = schema["enum"];
      if (std::find(values.begin(), values.end(), value) == values.end()) return false;
    }
    if (schema.contains("allOf") && !check(schema["allOf"][0], value)) return false;
    if (schema.contains("anyOf")) {
      const Json& any = schema["anyOf"];
      const auto fits = [&](const Json& one) { return check(one, value); };
      if (std::none_of(any.begin(), any.end(), fits)) return false;
    }
    if (!schema.contains("type")) return true;
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    return std::any_of(types.begin(), types.end(),
                       [&](const Json& type) { return is_type(type, value); });
  }

  const Json& resolve(const std::string& reference) const {
    if (reference == "#") return root_;
    std::string pointer;
    for (std::size_t i = 1; i < reference.size(); ++i) {
      if (reference[i] == '%') {
        pointer += static_cast<char>(std::stoi(reference.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        pointer += reference[i];
      }
    }
    return root_.at(nlohmann::json_pointer<std::string>(pointer));
  }

  static bool is_type(const std::string& type, const Json& value) {
    if (type == "null") return value.is_null();
    if (type == "boolean") return value.is_boolean();
    if (type == "string") return value.is_string();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    if (type == "number") return value.is_number();
    return value.is_number_integer() ||
           (value.is_number() && std::trunc(value.get<double>()) == value.get<double>());
  }

  static bool check_scalar(const Json& schema, const Json& value) {
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      const auto n = std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // of each character one byte
      });
      return check_count(schema, "minLength", "maxLength", n);
    }
    if (!value.is_number()) return true;
    const auto number = value.get<double>();
    return !(schema.contains("minimum") && number < schema["minimum"]) &&
           !(schema.contains("maximum") && number > schema["maximum"]) &&
           !(schema.contains("exclusiveMinimum") && number <= schema["exclusiveMinimum"]) &&
           !(schema.contains("exclusiveMaximum") && number >= schema["exclusiveMaximum"]);
  }

  static bool check_count(const Json& schema, const char* min, const char* max, std::ptrdiff_t n) {
    return !(schema.contains(min) && n < schema[min].get<std::ptrdiff_t>()) &&
           !(schema.contains(max) && n > schema[max].get<std::ptrdiff_t>());
  }

  bool check_array(const Json& schema, const Json& value) const {
    const auto n = static_cast<std::ptrdiff_t>(value.size());
    if (!check_count(schema, "minItems", "maxItems", n)) return false;
    const std::size_t n_first = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i < n_first) {
        if (!check(schema["prefixItems"][i], value[i])) return false;
      } else if (schema.contains("items") && !check(schema["items"], value[i])) {
        return false;
      }
    }
    return true;
  }

  bool check_object(const Json& schema, const Json& value) const {
    const Json properties = schema.value("properties", Json::object());
    for (const auto& item : value.items()) {
      if (properties.contains(item.key())) {
        if (!check(properties[item.key()], item.value())) return false;
      } else if (schema.contains("additionalProperties") &&
                 !check(schema["additionalProperties"], item.value())) {
        return false;
      }
    }
    const Json required = schema.value("required", Json::array());
    return std::all_of(required.begin(), required.end(), [&](const Json& name) {
      return value.contains(name.get_ref<const std::string&>());
    });
  }

  Json root_;
};

}  // namespace alpha
