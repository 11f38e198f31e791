#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace alpha {

/// A nondeterministic pushdown automaton over bytes. Rules call rules; a call remembers the state
/// to go on with, and the stack of these is the only memory beside one counter per rule that is
/// being read.
struct Automaton {
  using StateId = std::uint32_t;
  using RuleId = std::uint32_t;

  static constexpr std::uint32_t kUnbounded = 0xFFFFFFFFU;
  static constexpr std::uint16_t kNever = 0xFFFFU;

  /// What an edge asks of its rule's counter, and does to it.
  enum class Guard : std::uint8_t {
    none,
    count,      // below the rule's maximum; adds one
    below_max,  // below the rule's maximum
    at_min      // at least the rule's minimum
  };

  struct ByteEdge {
    std::uint8_t first;
    std::uint8_t last;  // inclusive
    Guard guard;
    StateId target;
  };

  struct CallEdge {
    RuleId rule;
    Guard guard;
    StateId target;  // after the call
  };

  struct State {
    RuleId rule = 0;
    std::uint16_t need = kNever;  // arrays and objects that must still open inside, at the least
    bool is_end = false;          // the rule may return
    bool is_text = false;         // every unescaped character of a string leads back here
    std::vector<ByteEdge> bytes = {};
    std::vector<StateId> jumps = {};  // without reading
    std::vector<CallEdge> calls = {};

    /// Nothing but a return: a call that goes on here needs no place on the stack.
    bool is_only_end() const noexcept {
      return is_end && bytes.empty() && jumps.empty() && calls.empty();
    }
  };

  struct Rule {
    StateId start = 0;
    std::uint32_t min = 0;  // of the counter
    std::uint32_t max = kUnbounded;
    bool is_container = false;  // an array or object
    std::string path = {};      // of its schema, for messages
  };

  std::vector<State> states;
  std::vector<Rule> rules;
  RuleId root = 0;
  std::uint16_t max_nesting = 32;
};

/// Computes `need`, and refuses what a matcher could not run: a language without a text (within
/// max_nesting), rules that call themselves without reading, and more than 256 ways to go on at one
/// place. Error(invalid_argument) with the rule's path.
void seal(Automaton& automaton);

}  // namespace alpha
