#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "alpha/grammar/automaton.h"

namespace alpha {

/// Puts an automaton together, state by state, up to a number of states.
class AutomatonBuilder {
 public:
  using StateId = Automaton::StateId;
  using RuleId = Automaton::RuleId;
  using Guard = Automaton::Guard;

  explicit AutomatonBuilder(std::size_t max_states) : max_states_(max_states) {}

  /// A rule with its start state. Of `rule`, the start is ignored.
  RuleId add_rule(Automaton::Rule rule);

  StateId start(RuleId rule) const { return automaton_.rules[rule].start; }

  /// Error(invalid_argument): too many states.
  StateId add_state(RuleId rule);

  /// A state where the rule may return.
  StateId add_end(RuleId rule);

  void set_end(StateId state) { automaton_.states[state].is_end = true; }

  void set_text(StateId state) { automaton_.states[state].is_text = true; }

  void add_byte(StateId from, char byte, StateId to, Guard guard = Guard::none);
  void add_range(StateId from, int first, int last, StateId to, Guard guard = Guard::none);
  void add_jump(StateId from, StateId to);
  void add_call(StateId from, RuleId rule, StateId to, Guard guard = Guard::none);

  /// One space or none.
  void add_space(StateId from, StateId to);

  /// The bytes of `text`, through new states; returns the last.
  StateId add_text(StateId from, std::string_view text);

  /// Leaves nothing behind.
  Automaton take(RuleId root, int max_nesting);

 private:
  std::size_t max_states_;
  Automaton automaton_;
};

}  // namespace alpha
