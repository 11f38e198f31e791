#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alpha/core/error.h"
#include "alpha/core/json.h"
#include "alpha/grammar/automaton_builder.h"
#include "alpha/grammar/grammar.h"
#include "alpha/grammar/json_rules.h"
#include "alpha/grammar/literal_rules.h"
#include "alpha/grammar/number_rules.h"
#include "alpha/grammar/schema_check.h"
#include "alpha/grammar/schema_reference.h"

namespace alpha {
namespace {

using RuleId = Automaton::RuleId;

constexpr std::uint32_t kMaxCount = 1'000'000;  // of characters and items

const Json* find(const Json& schema, const char* keyword) {
  const auto it = schema.find(keyword);
  return it == schema.end() ? nullptr : &*it;
}

std::optional<std::uint32_t> read_count(const Json& schema, const char* keyword,
                                        const SchemaPath& path) {
  const Json* value = find(schema, keyword);
  if (value == nullptr) return std::nullopt;
  if (!json_is<std::uint32_t>(*value) || value->get<std::uint32_t>() > kMaxCount) {
    path.refuse("keyword '{}' is out of range, expected an integer from 0 to {}", keyword,
                kMaxCount);
  }
  return value->get<std::uint32_t>();
}

struct Counts {
  std::uint32_t min;
  std::uint32_t max;
};

Counts read_counts(const Json& schema, const char* min, const char* max, const SchemaPath& path) {
  const Counts counts = {read_count(schema, min, path).value_or(0),
                         read_count(schema, max, path).value_or(Automaton::kUnbounded)};
  if (counts.min > counts.max) {
    path.refuse("no value satisfies '{}' {} and '{}' {}", min, counts.min, max, counts.max);
  }
  return counts;
}

/// A bound of an integer; beyond what the grammar writes, a bound is that.
std::int64_t read_bound(const Json& value, const char* keyword, const SchemaPath& path) {
  constexpr std::int64_t kBeyond = kMaxInteger + 2;
  if (json_is<std::int64_t>(value)) {
    return std::clamp(value.get<std::int64_t>(), -kBeyond, kBeyond);
  }
  if (value.is_number_unsigned()) return kBeyond;
  if (value.is_number_float()) {
    const double bound = std::clamp(value.get<double>(), -static_cast<double>(kBeyond),
                                    static_cast<double>(kBeyond));
    const auto whole = static_cast<std::int64_t>(bound);
    if (static_cast<double>(whole) == bound) return whole;
  }
  path.refuse("keyword '{}' is not an integer", keyword);
}

class SchemaCompiler {
 public:
  SchemaCompiler(const Json& schema, const SchemaLimits& limits)
      : schema_(schema),
        limits_(limits),
        builder_(limits.max_states),
        rules_(builder_) {}

  Automaton compile() {
    check_size(schema_, limits_.max_bytes, 4 * static_cast<std::size_t>(limits_.max_depth));
    root_ = builder_.add_rule({.path = SchemaPath().quoted()});
    if (schema_.is_object()) declare_all();
    fill(root_, schema_, SchemaPath());
    for (const auto& [pointer, definition] : definitions_) {
      fill(definition.rule, *definition.schema, definition.path);
    }
    return builder_.take(root_, limits_.max_nesting);
  }

 private:
  struct Definition {
    RuleId rule;
    const Json* schema;
    SchemaPath path;
  };

  void declare_all() {
    for (const char* keyword : {"$defs", "definitions"}) {
      const Json* schemas = find(schema_, keyword);
      if (schemas == nullptr) continue;
      if (!schemas->is_object()) SchemaPath().refuse("keyword '{}' is not an object", keyword);
      for (const auto& item : schemas->items()) {
        const SchemaPath path = SchemaPath() / keyword / item.key();
        const RuleId rule = builder_.add_rule({.path = path.quoted()});
        definitions_.emplace(std::pair(keyword, item.key()), Definition{rule, &item.value(), path});
      }
    }
  }

  /// Of a rule that others may call before it is known: it calls the rule of its schema.
  void fill(RuleId rule, const Json& schema, const SchemaPath& path) {
    builder_.add_call(builder_.start(rule), rule_of(schema, path, 1), builder_.add_end(rule));
  }

  RuleId rule_of(const Json& schema, const SchemaPath& path, int depth) {
    if (depth > limits_.max_depth) {
      path.refuse("schemas are nested too deep, expected at most {}", limits_.max_depth);
    }
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) path.refuse("the schema false allows no value");
      return rules_.value();
    }
    if (!schema.is_object()) {
      path.refuse("it is of type {}, expected an object or true", schema.type_name());
    }
    const unsigned implied = implied_types(schema, path, &schema == &schema_);
    if (const Json* reference = find(schema, "$ref")) {
      check_alone(schema, "$ref", {}, path);
      return referred(*reference, path);
    }
    if (const Json* all = find(schema, "allOf")) return all_of(schema, *all, path, depth);
    if (const Json* any = find(schema, "anyOf")) return any_of(schema, *any, path, depth);
    if (schema.contains("const") || schema.contains("enum")) return literals(schema, path);
    unsigned types = implied != 0 ? implied : kAnyType;
    if (const Json* type = find(schema, "type")) types = read_types(*type, path);
    if (is_nullable(schema, path)) types |= kNullType;
    check_keywords_apply(schema, types, path);
    if (implied == 0 && types == kAnyType) return rules_.value();
    return of_types(schema, types, path, depth);
  }

  /// OpenAPI's way to add null to the types.
  static bool is_nullable(const Json& schema, const SchemaPath& path) {
    const Json* nullable = find(schema, "nullable");
    if (nullable == nullptr) return false;
    if (!nullable->is_boolean()) path.refuse("keyword 'nullable' is neither true nor false");
    return nullable->get<bool>();
  }

  RuleId referred(const Json& reference, const SchemaPath& path) {
    const auto target = read_reference(reference, path);
    if (!target) return root_;
    const auto it = definitions_.find(*target);
    if (it == definitions_.end()) {
      path.refuse("'$ref' leads to '{}' in '{}', which is not there", shown(target->second),
                  target->first);
    }
    return it->second.rule;
  }

  RuleId all_of(const Json& schema, const Json& all, const SchemaPath& path, int depth) {
    check_alone(schema, "allOf", {}, path);
    if (!all.is_array() || all.size() != 1) {
      path.refuse("keyword 'allOf' is supported with one schema alone");
    }
    return rule_of(all[0], path / "allOf" / "0", depth + 1);
  }

  RuleId any_of(const Json& schema, const Json& any, const SchemaPath& path, int depth) {
    check_alone(schema, "anyOf", {}, path);
    if (!any.is_array() || any.empty()) path.refuse("keyword 'anyOf' is not a list of schemas");
    std::vector<RuleId> rules;
    for (std::size_t i = 0; i < any.size(); ++i) {
      rules.push_back(rule_of(any[i], path / "anyOf" / std::to_string(i), depth + 1));
    }
    return rules_.any_of(rules, path.quoted());
  }

  RuleId literals(const Json& schema, const SchemaPath& path) {
    const Json* constant = find(schema, "const");
    const Json* list = find(schema, "enum");
    check_alone(schema, constant != nullptr ? "const" : "enum",
                {"type", "enum", "const", "nullable"}, path);
    if (list != nullptr && !list->is_array()) path.refuse("keyword 'enum' is not a list");
    std::vector<Json> values;
    if (list != nullptr) values.assign(list->begin(), list->end());
    if (constant != nullptr) {
      const bool is_there =
          list == nullptr || std::find(values.begin(), values.end(), *constant) != values.end();
      values.clear();
      if (is_there) values.push_back(*constant);
    }
    if (const Json* type = find(schema, "type")) {
      const unsigned types = read_types(*type, path) | (is_nullable(schema, path) ? kNullType : 0);
      std::erase_if(values, [types](const Json& value) { return !is_of_type(value, types); });
    }
    if (values.empty()) path.refuse("no value satisfies '{}'", constant ? "const" : "enum");
    return add_literals_rule(builder_, values, path.quoted());
  }

  RuleId of_types(const Json& schema, unsigned types, const SchemaPath& path, int depth) {
    std::vector<RuleId> rules;
    if ((types & kNullType) != 0) rules.push_back(rules_.null());
    if ((types & kBooleanType) != 0) rules.push_back(rules_.boolean());
    if ((types & kNumberType) != 0) {
      rules.push_back(rules_.number());
    } else if ((types & kIntegerType) != 0) {
      rules.push_back(integer(schema, path));
    }
    if ((types & kStringType) != 0) {
      const Counts counts = read_counts(schema, "minLength", "maxLength", path);
      rules.push_back(rules_.string(counts.min, counts.max));
    }
    if ((types & kArrayType) != 0) rules.push_back(array(schema, path, depth));
    if ((types & kObjectType) != 0) rules.push_back(object(schema, path, depth));
    return rules.size() == 1 ? rules[0] : rules_.any_of(rules, path.quoted());
  }

  RuleId integer(const Json& schema, const SchemaPath& path) {
    std::int64_t min = -kMaxInteger;
    std::int64_t max = kMaxInteger;
    bool is_bounded = false;
    const auto bound = [&](const char* keyword, auto&& use) {
      const Json* value = find(schema, keyword);
      if (value == nullptr) return;
      is_bounded = true;
      use(read_bound(*value, keyword, path));
    };
    bound("minimum", [&](std::int64_t n) { min = std::max(min, n); });
    bound("exclusiveMinimum", [&](std::int64_t n) { min = std::max(min, n + 1); });
    bound("maximum", [&](std::int64_t n) { max = std::min(max, n); });
    bound("exclusiveMaximum", [&](std::int64_t n) { max = std::min(max, n - 1); });
    if (min > max) path.refuse("no integer of at most {} digits is in its bounds", kMaxDigits);
    if (!is_bounded) return rules_.integer();
    return add_integer_range_rule(builder_, min, max, path.quoted());
  }

  RuleId array(const Json& schema, const SchemaPath& path, int depth) {
    const Counts counts = read_counts(schema, "minItems", "maxItems", path);
    ArrayRule array{.min = counts.min, .max = counts.max};
    if (const Json* first = find(schema, "prefixItems")) {
      if (!first->is_array()) path.refuse("keyword 'prefixItems' is not a list of schemas");
      for (std::size_t i = 0; i < first->size(); ++i) {
        array.first.push_back(
            rule_of((*first)[i], path / "prefixItems" / std::to_string(i), depth + 1));
      }
    }
    const Json* items = find(schema, "items");
    const bool has_rest = items == nullptr ? array.first.empty() : *items != Json(false);
    if (has_rest) {
      array.rest = items == nullptr ? rules_.value() : rule_of(*items, path / "items", depth + 1);
    } else if (array.min > array.first.size()) {
      path.refuse("no value satisfies 'minItems' {} with {} items", array.min, array.first.size());
    }
    return rules_.array(array, path.quoted());
  }

  RuleId object(const Json& schema, const SchemaPath& path, int depth) {
    std::vector<PropertyRule> properties;
    const Json* declared = find(schema, "properties");
    if (declared != nullptr) {
      if (!declared->is_object()) path.refuse("keyword 'properties' is not an object");
      for (const auto& item : declared->items()) {
        const RuleId rule = rule_of(item.value(), path / "properties" / item.key(), depth + 1);
        properties.push_back({.name = item.key(), .value = rule, .is_required = false});
      }
    }
    const std::optional<RuleId> additional =
        additional_properties(schema, path, declared == nullptr, depth);
    require(schema, path, additional, properties);
    return rules_.object(properties, additional, path.quoted());
  }

  std::optional<RuleId> additional_properties(const Json& schema, const SchemaPath& path,
                                              bool is_free, int depth) {
    const Json* additional = find(schema, "additionalProperties");
    if (additional == nullptr) return is_free ? std::optional(rules_.value()) : std::nullopt;
    if (*additional == Json(false)) return std::nullopt;
    return rule_of(*additional, path / "additionalProperties", depth + 1);
  }

  void require(const Json& schema, const SchemaPath& path, std::optional<RuleId> additional,
               std::vector<PropertyRule>& properties) {
    const Json* required = find(schema, "required");
    if (required == nullptr) return;
    if (!required->is_array()) path.refuse("keyword 'required' is not a list of names");
    std::map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < properties.size(); ++i) places.emplace(properties[i].name, i);
    std::vector<PropertyRule> more;
    for (const Json& name : *required) {
      if (!name.is_string()) path.refuse("keyword 'required' is not a list of names");
      const auto& text = name.get_ref<const std::string&>();
      const auto [it, is_new] = places.try_emplace(text, properties.size() + more.size());
      if (is_new && !additional) {
        path.refuse("property '{}' is required, but not declared", shown(text));
      }
      if (is_new) {
        more.push_back({.name = text, .value = *additional, .is_required = true});
      } else if (it->second < properties.size()) {
        properties[it->second].is_required = true;
      }
    }
    properties.insert(properties.end(), more.begin(), more.end());
  }

  const Json& schema_;
  SchemaLimits limits_;
  AutomatonBuilder builder_;
  JsonRules rules_;
  RuleId root_ = 0;
  std::map<SchemaReference, Definition> definitions_;
};

}  // namespace

std::shared_ptr<const Grammar> compile_json_schema(const Json& schema, const SchemaLimits& limits) {
  return std::make_shared<const Grammar>(SchemaCompiler(schema, limits).compile());
}

std::shared_ptr<const Grammar> any_json_object() {
  return compile_json_schema(Json{{"type", "object"}});
}

}  // namespace alpha
