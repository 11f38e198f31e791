#include "alpha/grammar/automaton_builder.h"

#include <utility>

#include "alpha/core/error.h"

namespace alpha {

Automaton::RuleId AutomatonBuilder::add_rule(Automaton::Rule rule) {
  const auto id = static_cast<RuleId>(automaton_.rules.size());
  automaton_.rules.push_back(std::move(rule));
  automaton_.rules[id].start = add_state(id);
  return id;
}

Automaton::StateId AutomatonBuilder::add_state(RuleId rule) {
  if (automaton_.states.size() >= max_states_) {
    fail_invalid("schema is too large: its automaton has more than {} states", max_states_);
  }
  automaton_.states.push_back({.rule = rule});
  return static_cast<StateId>(automaton_.states.size() - 1);
}

Automaton::StateId AutomatonBuilder::add_end(RuleId rule) {
  const StateId state = add_state(rule);
  set_end(state);
  return state;
}

void AutomatonBuilder::add_byte(StateId from, char byte, StateId to, Guard guard) {
  const auto value = static_cast<std::uint8_t>(byte);
  automaton_.states[from].bytes.push_back({value, value, guard, to});
}

void AutomatonBuilder::add_range(StateId from, int first, int last, StateId to, Guard guard) {
  automaton_.states[from].bytes.push_back(
      {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last), guard, to});
}

void AutomatonBuilder::add_jump(StateId from, StateId to) {
  automaton_.states[from].jumps.push_back(to);
}

void AutomatonBuilder::add_call(StateId from, RuleId rule, StateId to, Guard guard) {
  automaton_.states[from].calls.push_back({rule, guard, to});
}

void AutomatonBuilder::add_space(StateId from, StateId to) {
  add_byte(from, ' ', to);
  add_jump(from, to);
}

Automaton::StateId AutomatonBuilder::add_text(StateId from, std::string_view text) {
  for (const char byte : text) {
    const StateId next = add_state(automaton_.states[from].rule);
    add_byte(from, byte, next);
    from = next;
  }
  return from;
}

Automaton AutomatonBuilder::take(RuleId root, int max_nesting) {
  automaton_.root = root;
  automaton_.max_nesting = static_cast<std::uint16_t>(max_nesting);
  return std::exchange(automaton_, {});
}

}  // namespace alpha
