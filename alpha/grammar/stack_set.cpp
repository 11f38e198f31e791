#include "alpha/grammar/stack_set.h"

#include <algorithm>

#include "alpha/grammar/stack_walk.h"

namespace alpha {

StackSet::StackSet(const Automaton& automaton) : automaton_(&automaton) {
  StackWalk(automaton).move_into(*this);
}

bool StackSet::read(std::string_view text) {
  // Masks are made of both parts. Where threads are dropped, only a part may get through.
  using Part = StackWalk::Part;
  for (const Part part : {Part::all, Part::text, Part::not_text}) {
    StackWalk walk(*this, part);
    std::size_t depth = 0;
    while (depth < text.size() && walk.step(depth + 1, static_cast<std::uint8_t>(text[depth]))) {
      ++depth;
    }
    if (depth == text.size()) {
      walk.move_into(*this);
      return true;
    }
    if (!walk.has_dropped()) return false;
  }
  return false;
}

bool StackSet::is_at_end(const Thread& thread) const noexcept {
  return thread.below == kBottom && automaton_->states[thread.state].is_end;
}

bool StackSet::is_complete() const noexcept {
  return std::any_of(threads_.begin(), threads_.end(),
                     [this](const Thread& thread) { return is_at_end(thread); });
}

bool StackSet::must_end() const noexcept {
  return std::all_of(threads_.begin(), threads_.end(), [this](const Thread& thread) {
    return is_at_end(thread) && automaton_->states[thread.state].bytes.empty();
  });
}

std::optional<std::uint32_t> StackSet::n_text_left(const Thread& thread) const noexcept {
  const Automaton::State& state = automaton_->states[thread.state];
  if (!state.is_text) return std::nullopt;
  const std::uint32_t max = automaton_->rules[state.rule].max;
  return max == Automaton::kUnbounded ? max : max - thread.count;
}

std::optional<std::uint32_t> StackSet::n_text_left() const noexcept {
  std::optional<std::uint32_t> most;
  for (const Thread& thread : threads_) most = std::max(most, n_text_left(thread));
  return most;
}

void StackSet::append_key(std::uint32_t horizon, std::vector<std::uint32_t>& key) const {
  // A text of `horizon` bytes counts no further than that.
  const auto capped = [&](std::uint32_t n) { return std::min(n, horizon + 1); };
  const auto append = [&](const Thread& thread) {
    key.push_back(thread.state);
    const Automaton::Rule& rule = automaton_->rules[automaton_->states[thread.state].rule];
    if (rule.min > 0) key.push_back(capped(rule.min - std::min(rule.min, thread.count)));
    if (rule.max != Automaton::kUnbounded) key.push_back(capped(rule.max - thread.count));
  };
  for (const Thread& thread : threads_) {
    append(thread);
    for (std::uint32_t i = thread.below; i != kBottom; i = frames_[i].below) append(frames_[i]);
    key.push_back(kBottom);
  }
}

}  // namespace alpha
