#include "alpha/grammar/literal_rules.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "alpha/core/json.h"

namespace alpha {
namespace {

using StateId = Automaton::StateId;
using RuleId = Automaton::RuleId;
using Symbols = std::vector<std::uint16_t>;

constexpr std::uint16_t kSpace = 256;  // beyond bytes: one space or none

void append_bytes(std::string_view text, Symbols& out) {
  for (const char c : text) out.push_back(static_cast<std::uint8_t>(c));
}

void append_value(const Json& value, Symbols& out) {
  if (!value.is_structured()) {
    append_bytes(value.dump(), out);
    return;
  }
  append_bytes(value.is_object() ? "{" : "[", out);
  bool is_first = true;
  for (const auto& item : value.items()) {
    if (!is_first) {
      append_bytes(",", out);
      out.push_back(kSpace);
    }
    is_first = false;
    if (value.is_object()) {
      append_bytes(to_json_string(item.key()) + ":", out);
      out.push_back(kSpace);
    }
    append_value(item.value(), out);
  }
  append_bytes(value.is_object() ? "}" : "]", out);
}

}  // namespace

RuleId add_literals_rule(AutomatonBuilder& builder, std::span<const Json> values,
                         const std::string& path) {
  const RuleId rule = builder.add_rule({.path = path});
  std::map<std::pair<StateId, std::uint16_t>, StateId> next;
  Symbols symbols;
  for (const Json& value : values) {
    symbols.clear();
    append_value(value, symbols);
    StateId at = builder.start(rule);
    for (const std::uint16_t symbol : symbols) {
      const auto [it, is_new] = next.try_emplace({at, symbol}, 0);
      if (is_new) {
        it->second = builder.add_state(rule);
        if (symbol == kSpace) {
          builder.add_space(at, it->second);
        } else {
          builder.add_byte(at, static_cast<char>(symbol), it->second);
        }
      }
      at = it->second;
    }
    builder.set_end(at);
  }
  return rule;
}

std::string to_json_string(std::string_view text) {
  return Json(text).dump();
}

}  // namespace alpha
