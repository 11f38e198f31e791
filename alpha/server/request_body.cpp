#include "alpha/server/request_body.h"

#include <algorithm>
#include <cmath>

namespace alpha {

namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxComparisons = 8'000'000;

/// What parsing would cost: each field of an object is compared with those before it.
void check_cost(std::string_view text) {
  std::vector<std::size_t> n_commas;  // of the arrays and objects that are open
  std::size_t n_comparisons = 0;
  bool is_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        is_string = false;
      }
      continue;
    }
    switch (c) {
      case '"': is_string = true; break;
      case '{':
      case '[':
        n_commas.push_back(0);
        if (n_commas.size() > kMaxDepth) {
          throw ApiError(400,
                         fmt::format("the JSON is nested deeper than {} at byte {}", kMaxDepth, i));
        }
        break;
      case '}':
        if (!n_commas.empty()) n_comparisons += n_commas.back() * n_commas.back() / 2;
        [[fallthrough]];
      case ']':
        if (!n_commas.empty()) n_commas.pop_back();
        break;
      case ',':
        if (!n_commas.empty()) ++n_commas.back();
        break;
      default: break;
    }
  }
  for (const std::size_t n : n_commas) n_comparisons += n * n / 2;
  if (n_comparisons > kMaxComparisons) {
    throw ApiError(400, "the JSON has objects with too many fields");
  }
}

bool is_empty(const Json& value) {
  return value.is_null() || value == Json(false) || value == Json(0) ||
         (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_structured() && value.empty());
}

}  // namespace

Json parse_request_body(std::string_view body, std::size_t max_bytes) {
  if (body.size() > max_bytes) {
    throw ApiError(
        413, fmt::format("the body has {} bytes, expected at most {}", body.size(), max_bytes));
  }
  if (body.empty()) throw ApiError(400, "the body is empty, expected a JSON object");
  check_cost(body);
  Json json;
  try {
    json = Json::parse(body);
  } catch (const Json::exception& error) {
    std::string message = error.what();
    // The library's own prefix: "[json.exception.parse_error.101] ".
    if (const auto end = message.find("] "); end != message.npos) message = message.substr(end + 2);
    throw ApiError(400, fmt::format("the body is no JSON: {}", message.substr(0, 300)));
  }
  if (!json.is_object()) {
    throw ApiError(400, fmt::format("the body is {}, expected a JSON object", json.type_name()));
  }
  return json;
}

std::string shown(const Json& value) {
  constexpr std::size_t kMost = 60;
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kMost) text = text.substr(0, kMost) + "…";
  return text;
}

const Json* RequestFields::find(std::string_view name) {
  known_.emplace(name);
  const auto at = body_.find(name);
  return at == body_.end() || at->is_null() ? nullptr : &*at;
}

std::optional<double> RequestFields::number(std::string_view name, double least, double most) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_number() || !(value->get<double>() >= least && value->get<double>() <= most)) {
    fail_param(path(name), "'{}' is {}, expected a number from {:g} to {:g}", path(name),
               shown(*value), least, most);
  }
  return value->get<double>();
}

std::optional<std::int64_t> RequestFields::integer(std::string_view name, std::int64_t least,
                                                   std::int64_t most) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  // 5.0 is what some clients make of 5.
  const bool is_whole = value->is_number_float() && std::abs(value->get<double>()) < 0x1p53 &&
                        value->get<double>() == std::floor(value->get<double>());
  std::optional<std::int64_t> integer;
  if (json_is<std::int64_t>(*value)) integer = value->get<std::int64_t>();
  if (is_whole) integer = static_cast<std::int64_t>(value->get<double>());
  if (!integer || *integer < least || *integer > most) {
    fail_param(path(name), "'{}' is {}, expected a whole number from {} to {}", path(name),
               shown(*value), least, most);
  }
  return integer;
}

std::optional<bool> RequestFields::boolean(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_boolean()) {
    fail_param(path(name), "'{}' is {}, expected true or false", path(name), shown(*value));
  }
  return value->get<bool>();
}

std::optional<std::string> RequestFields::text(std::string_view name, std::size_t max_bytes) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_string())
    fail_param(path(name), "'{}' is {}, expected a text", path(name), shown(*value));
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > max_bytes) {
    fail_param(path(name), "'{}' has {} bytes, expected at most {}", path(name), text.size(),
               max_bytes);
  }
  return text;
}

std::vector<std::string> RequestFields::texts(std::string_view name, std::size_t max_texts,
                                              std::size_t max_bytes) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return {*text(name, max_bytes)};
  if (!value->is_array() || value->size() > max_texts) {
    fail_param(path(name), "'{}' is {}, expected a text or a list of at most {}", path(name),
               value->is_array() ? fmt::format("a list of {}", value->size()) : shown(*value),
               max_texts);
  }
  std::vector<std::string> texts;
  for (const Json& item : *value) {
    if (!item.is_string() || item.get_ref<const std::string&>().size() > max_bytes) {
      fail_param(path(name), "'{}' has {} at place {}, expected a text of at most {} bytes",
                 path(name), shown(item), texts.size(), max_bytes);
    }
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

void RequestFields::refuse(std::string_view name, std::string_view why,
                           const std::vector<Json>& harmless) {
  const Json* value = find(name);
  if (value == nullptr || is_empty(*value)) return;
  if (std::ranges::find(harmless, *value) != harmless.end()) return;
  fail_param(path(name), "'{}' is not supported: {}", path(name), why);
}

std::string RequestFields::path(std::string_view name) const {
  return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

std::vector<std::string> RequestFields::unknown() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : body_.items()) {
    if (!known_.contains(name)) names.push_back(path(name));
  }
  names.insert(names.end(), unknown_within_.begin(), unknown_within_.end());
  return names;
}

void RequestFields::add_unknown(const RequestFields& inner) {
  const std::vector<std::string> names = inner.unknown();
  unknown_within_.insert(unknown_within_.end(), names.begin(), names.end());
}

}  // namespace alpha
