#include "alpha/grammar/automaton.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "alpha/core/error.h"

namespace alpha {
namespace {

using StateId = Automaton::StateId;

constexpr std::size_t kMaxWays = 256;

std::string place(const Automaton& automaton, StateId state) {
  return automaton.rules[automaton.states[state].rule].path;
}

/// Calls `body` with every state that is reached from `state` without reading.
template<class Body>
void for_silent(const Automaton& automaton, const Automaton::State& state, Body&& body) {
  for (const StateId target : state.jumps) body(target);
  for (const auto& call : state.calls) body(automaton.rules[call.rule].start);
}

/// Knuth's generalisation of Dijkstra's algorithm (1977): `need` of states by rising value, each
/// computed once from those it depends on.
class Needs {
 public:
  explicit Needs(Automaton& automaton)
      : automaton_(automaton),
        before_(automaton.states.size()),
        callers_(automaton.rules.size()),
        returns_(automaton.states.size()),
        starts_(automaton.states.size()),
        pending_(std::size_t{automaton.max_nesting} + 1) {}

  void compute() {
    connect();
    for (std::size_t need = 0; need < pending_.size(); ++need) {
      while (!pending_[need].empty()) {
        const StateId state = pending_[need].back();
        pending_[need].pop_back();
        if (automaton_.states[state].need == Automaton::kNever) settle(state, need);
      }
    }
  }

 private:
  struct Call {
    StateId from;
    std::size_t index;
  };

  void connect() {
    for (StateId id = 0; id < automaton_.states.size(); ++id) {
      Automaton::State& state = automaton_.states[id];
      state.need = Automaton::kNever;
      for (const auto& edge : state.bytes) before_[edge.target].push_back(id);
      for (const StateId target : state.jumps) before_[target].push_back(id);
      for (std::size_t i = 0; i < state.calls.size(); ++i) {
        callers_[state.calls[i].rule].push_back({id, i});
        returns_[state.calls[i].target].push_back({id, i});
      }
      if (state.is_end) pending_[0].push_back(id);
    }
    for (Automaton::RuleId id = 0; id < automaton_.rules.size(); ++id) {
      starts_[automaton_.rules[id].start].push_back(id);
    }
  }

  void settle(StateId id, std::size_t need) {
    automaton_.states[id].need = static_cast<std::uint16_t>(need);
    for (const StateId from : before_[id]) pending_[need].push_back(from);
    for (const Call& call : returns_[id]) offer(call);
    for (const Automaton::RuleId rule : starts_[id]) {
      for (const Call& call : callers_[rule]) offer(call);
    }
  }

  void offer(const Call& call) {
    const Automaton::CallEdge& edge = automaton_.states[call.from].calls[call.index];
    const Automaton::Rule& rule = automaton_.rules[edge.rule];
    const std::uint16_t inside = automaton_.states[rule.start].need;
    const std::uint16_t after = automaton_.states[edge.target].need;
    if (inside == Automaton::kNever || after == Automaton::kNever) return;
    const std::size_t need =
        std::max<std::size_t>(std::size_t{inside} + (rule.is_container ? 1 : 0), after);
    if (need < pending_.size()) pending_[need].push_back(call.from);
  }

  Automaton& automaton_;
  std::vector<std::vector<StateId>> before_;            // by state
  std::vector<std::vector<Call>> callers_;              // by rule
  std::vector<std::vector<Call>> returns_;              // by state after the call
  std::vector<std::vector<Automaton::RuleId>> starts_;  // by state
  std::vector<std::vector<StateId>> pending_;           // by need
};

/// A rule that comes back to itself before it has read anything would never end.
void refuse_silent_cycles(const Automaton& automaton) {
  enum class Mark : std::uint8_t { unseen, open, closed };
  std::vector<Mark> marks(automaton.states.size(), Mark::unseen);
  std::vector<std::pair<StateId, bool>> pending;  // with whether it is being left
  for (StateId first = 0; first < automaton.states.size(); ++first) {
    if (marks[first] == Mark::unseen) pending.emplace_back(first, false);
    while (!pending.empty()) {
      const auto [id, is_left] = pending.back();
      pending.pop_back();
      if (is_left) {
        marks[id] = Mark::closed;
        continue;
      }
      if (marks[id] != Mark::unseen) continue;
      marks[id] = Mark::open;
      pending.emplace_back(id, true);
      for_silent(automaton, automaton.states[id], [&](StateId target) {
        if (marks[target] == Mark::open) {
          fail_invalid("schema at {}: its references lead back to it without a value in between",
                       place(automaton, target));
        }
        if (marks[target] == Mark::unseen) pending.emplace_back(target, false);
      });
    }
  }
}

/// Bounds the work of one step of a matcher.
void refuse_many_ways(const Automaton& automaton) {
  std::vector<StateId> seen_by(automaton.states.size(), 0);
  std::vector<StateId> found;
  for (StateId first = 0; first < automaton.states.size(); ++first) {
    std::size_t n_ways = 0;
    found.assign(1, first);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Automaton::State& state = automaton.states[found[i]];
      n_ways += state.bytes.empty() ? 0 : 1;
      for_silent(automaton, state, [&](StateId target) {
        if (seen_by[target] == first + 1) return;
        seen_by[target] = first + 1;
        found.push_back(target);
      });
      if (n_ways > kMaxWays || found.size() > 4 * kMaxWays) {
        fail_invalid(
            "schema at {}: too many alternatives or optional properties in a row, expected at most "
            "{}",
            place(automaton, first), kMaxWays - 2);
      }
    }
  }
}

}  // namespace

void seal(Automaton& automaton) {
  refuse_silent_cycles(automaton);
  refuse_many_ways(automaton);
  Needs(automaton).compute();
  const Automaton::Rule& root = automaton.rules[automaton.root];
  const std::size_t need = automaton.states[root.start].need;
  if (need + (root.is_container ? 1 : 0) > automaton.max_nesting) {
    fail_invalid("schema at {}: no value with at most {} nested arrays and objects satisfies it",
                 root.path, automaton.max_nesting);
  }
}

}  // namespace alpha
