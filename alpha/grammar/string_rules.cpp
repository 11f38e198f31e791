#include "alpha/grammar/string_rules.h"

#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include "alpha/grammar/text_ranges.h"

namespace alpha {
namespace {

using StateId = Automaton::StateId;
using RuleId = Automaton::RuleId;
using Guard = Automaton::Guard;
using Places = std::array<StateId, kTextPlaces>;

std::size_t index(TextPlace place) {
  return static_cast<std::size_t>(place);
}

/// States that read any text without escapes, by place; the first is between two characters.
Places add_places(AutomatonBuilder& builder, RuleId rule) {
  Places places{};
  for (StateId& state : places) state = builder.add_state(rule);
  for (const TextRange& range : kTextRanges) {
    const bool is_first = range.from == TextPlace::between;
    builder.add_range(places[index(range.from)], range.first, range.last, places[index(range.to)],
                      is_first ? Guard::count : Guard::none);
  }
  builder.set_text(places[0]);
  return places;
}

void add_hex(AutomatonBuilder& builder, StateId from, StateId to) {
  builder.add_range(from, '0', '9', to);
  builder.add_range(from, 'A', 'F', to);
  builder.add_range(from, 'a', 'f', to);
}

/// After `\ud` or `\uD`: three digits to U+D7FF, or a pair of surrogates.
void add_surrogates(AutomatonBuilder& builder, RuleId rule, StateId from, StateId two_digits,
                    StateId body) {
  std::array<StateId, 9> pair{};  // one more character of `[89AB]xx\uD[C-F]xx` each
  for (StateId& state : pair) state = builder.add_state(rule);
  builder.add_range(from, '0', '7', two_digits);
  builder.add_range(from, '8', '9', pair[0]);
  builder.add_range(from, 'A', 'B', pair[0]);
  builder.add_range(from, 'a', 'b', pair[0]);
  add_hex(builder, pair[0], pair[1]);
  add_hex(builder, pair[1], pair[2]);
  builder.add_byte(pair[2], '\\', pair[3]);
  builder.add_byte(pair[3], 'u', pair[4]);
  builder.add_byte(pair[4], 'D', pair[5]);
  builder.add_byte(pair[4], 'd', pair[5]);
  builder.add_range(pair[5], 'C', 'F', pair[6]);
  builder.add_range(pair[5], 'c', 'f', pair[6]);
  add_hex(builder, pair[6], pair[7]);
  add_hex(builder, pair[7], body);
}

void add_escapes(AutomatonBuilder& builder, RuleId rule, StateId body) {
  const StateId escape = builder.add_state(rule);
  builder.add_byte(body, '\\', escape, Guard::count);
  for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) {
    builder.add_byte(escape, c, body);
  }
  std::array<StateId, 5> digits{};  // so many digits are missing
  for (StateId& state : digits) state = builder.add_state(rule);
  builder.add_byte(escape, 'u', digits[4]);
  builder.add_range(digits[4], '0', '9', digits[3]);
  builder.add_range(digits[4], 'A', 'C', digits[3]);
  builder.add_range(digits[4], 'a', 'c', digits[3]);
  builder.add_range(digits[4], 'E', 'F', digits[3]);
  builder.add_range(digits[4], 'e', 'f', digits[3]);
  add_hex(builder, digits[3], digits[2]);
  add_hex(builder, digits[2], digits[1]);
  add_hex(builder, digits[1], body);
  const StateId after_d = digits[0];
  builder.add_byte(digits[4], 'D', after_d);
  builder.add_byte(digits[4], 'd', after_d);
  add_surrogates(builder, rule, after_d, digits[2], body);
}

/// The names as a tree of bytes, as far as they need no escape: a key without escapes is never one
/// of the others.
struct NameTree {
  struct Node {
    TextPlace place = TextPlace::between;
    bool is_name = false;
    std::map<std::uint8_t, std::size_t> next = {};
  };

  explicit NameTree(std::span<const std::string> names) : nodes(1) {
    for (const std::string& name : names) insert(name);
  }

  void insert(const std::string& name) {
    std::size_t at = 0;
    for (const char c : name) {
      const auto byte = static_cast<std::uint8_t>(c);
      const TextRange* range = find_range(nodes[at].place, byte);
      if (range == nullptr) return;
      const auto [it, is_new] = nodes[at].next.try_emplace(byte, nodes.size());
      at = it->second;
      if (is_new) nodes.push_back({.place = range->to});
    }
    nodes[at].is_name = true;
  }

  static const TextRange* find_range(TextPlace place, std::uint8_t byte) {
    for (const TextRange& range : kTextRanges) {
      if (range.from == place && range.first <= byte && byte <= range.last) return &range;
    }
    return nullptr;
  }

  std::vector<Node> nodes;
};

/// One node: on in the tree where a name goes on, else out of it, to `places`.
void add_node(AutomatonBuilder& builder, const NameTree::Node& node, StateId from,
              std::span<const StateId> nodes, const Places& places) {
  for (const auto& [byte, next] : node.next) builder.add_range(from, byte, byte, nodes[next]);
  for (const TextRange& range : kTextRanges) {
    if (range.from != node.place) continue;
    const StateId out = places[index(range.to)];
    int first = range.first;
    for (const auto& [byte, next] : node.next) {
      if (byte < first || byte > range.last) continue;
      if (first < byte) builder.add_range(from, first, byte - 1, out);
      first = byte + 1;
    }
    if (first <= range.last) builder.add_range(from, first, range.last, out);
  }
}

}  // namespace

RuleId add_string_rule(AutomatonBuilder& builder, std::uint32_t min, std::uint32_t max) {
  const RuleId rule = builder.add_rule({.min = min, .max = max, .path = "a string"});
  const StateId body = add_places(builder, rule)[0];
  builder.add_byte(builder.start(rule), '"', body);
  add_escapes(builder, rule, body);
  builder.add_byte(body, '"', builder.add_end(rule), Guard::at_min);
  return rule;
}

RuleId add_free_key_rule(AutomatonBuilder& builder, std::span<const std::string> taken,
                         const std::string& path) {
  const RuleId rule = builder.add_rule({.path = path});
  const Places places = add_places(builder, rule);
  const StateId end = builder.add_end(rule);
  builder.add_byte(places[0], '"', end);

  const NameTree tree(taken);
  std::vector<StateId> states;
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) states.push_back(builder.add_state(rule));
  builder.add_byte(builder.start(rule), '"', states[0]);
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const NameTree::Node& node = tree.nodes[i];
    add_node(builder, node, states[i], states, places);
    const bool can_end = node.place == TextPlace::between && !node.is_name;
    if (can_end) builder.add_byte(states[i], '"', end);
  }
  return rule;
}

}  // namespace alpha
