#include "alpha/grammar/grammar.h"

#include <utility>

namespace alpha {

Grammar::Grammar(Automaton automaton) : automaton_(std::move(automaton)) {
  seal(automaton_);
}

}  // namespace alpha
