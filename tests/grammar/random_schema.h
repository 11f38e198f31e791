#pragma once

#include <random>
#include <string>

#include "alpha/core/json.h"

namespace alpha {

/// Schemas of supported keywords, for walks over what they compile to.
class RandomSchema {
 public:
  explicit RandomSchema(std::mt19937_64& rng) : rng_(rng) {}

  Json make() {
    Json schema = value(3);
    if (!schema.is_object()) return schema;
    schema["$defs"] = {{"d0", value(2)}, {"d1", value(2)}};
    return schema;
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(rng_() % n); }

  std::string name() {
    static const std::vector<std::string> kNames = {"a", "ab", "b", "é", "x\"y", "", "kind"};
    return kNames[below(static_cast<unsigned>(kNames.size()))];
  }

  Json literal() {
    switch (below(6)) {
      case 0: return name();
      case 1: return static_cast<int>(below(300)) - 100;
      case 2: return nullptr;
      case 3: return below(2) == 0;
      case 4: return Json::array({name(), 1.25});
      default: return Json{{name(), Json{{name(), false}}}};
    }
  }

  Json value(int depth) {
    switch (below(depth > 0 ? 11 : 7)) {
      case 0: return {{"const", literal()}};
      case 1: return {{"enum", Json::array({literal(), literal(), literal()})}};
      case 2: return string();
      case 3:
        return {{"type", "integer"},
                {"minimum", -static_cast<int>(below(200))},
                {"maximum", below(5000)}};
      case 4: return {{"type", {"number", "null"}}};
      case 5: return {{"type", "boolean"}};
      case 6: {
        if (below(4) == 0) return true;
        return {{"$ref", below(5) == 0 ? "#" : below(2) == 0 ? "#/$defs/d0" : "#/$defs/d1"}};
      }
      case 7:
        return {{"anyOf", Json::array({value(depth - 1), value(depth - 1), value(depth - 1)})}};
      case 8: return array(depth);
      default: return object(depth);
    }
  }

  Json string() {
    Json schema = {{"type", "string"}};
    if (below(2) == 0) schema["minLength"] = below(4);
    if (below(2) == 0) schema["maxLength"] = 3 + below(40);
    return schema;
  }

  Json array(int depth) {
    Json schema = {{"type", "array"}, {"items", value(depth - 1)}};
    if (below(3) == 0) schema["prefixItems"] = Json::array({value(depth - 1), value(depth - 1)});
    if (below(2) == 0) schema["minItems"] = below(4);
    if (below(2) == 0) schema["maxItems"] = 3 + below(3);
    return schema;
  }

  Json object(int depth) {
    Json schema = {{"properties", Json::object()}, {"required", Json::array()}};
    for (unsigned n = below(5); n > 0; --n) {
      const std::string key = name();
      if (schema["properties"].contains(key)) continue;
      schema["properties"][key] = value(depth - 1);
      if (below(2) == 0) schema["required"].push_back(key);
    }
    if (below(3) == 0) schema["additionalProperties"] = value(depth - 1);
    return schema;
  }

  std::mt19937_64& rng_;
};

inline Json random_schema(std::mt19937_64& rng) {
  return RandomSchema(rng).make();
}

}  // namespace alpha
