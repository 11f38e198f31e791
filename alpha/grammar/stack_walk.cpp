#include "alpha/grammar/stack_walk.h"

#include <cstddef>

namespace alpha {
namespace {

constexpr std::size_t kMaxEntered = 8 * StackSet::kMaxThreads;

}  // namespace

StackWalk::StackWalk(const Automaton& automaton) : automaton_(&automaton) {
  begin_step();
  const Automaton::Rule& root = automaton.rules[automaton.root];
  enter({.state = root.start,
         .count = 0,
         .below = StackSet::kBottom,
         .depth = root.is_container ? 1U : 0U});
  settle(0);
}

StackWalk::StackWalk(const StackSet& stacks, Part part)
    : automaton_(stacks.automaton_),
      frames_(stacks.frames_) {
  for (const Thread& thread : stacks.threads_) {
    if (part == Part::all || stacks.n_text_left(thread).has_value() == (part == Part::text)) {
      threads_.push_back(thread);
    }
  }
  levels_.push_back({0, threads_.size(), frames_.size()});
}

bool StackWalk::step(std::size_t depth, std::uint8_t byte) {
  levels_.resize(depth);
  const Level from = levels_.back();
  threads_.resize(from.end);
  frames_.resize(from.n_frames);
  begin_step();
  for (std::size_t i = from.begin; i < from.end; ++i) {
    const Thread thread = threads_[i];
    for (const Automaton::ByteEdge& edge : automaton_->states[thread.state].bytes) {
      if (byte < edge.first || byte > edge.last) continue;
      Thread next = thread;
      if (!guard(edge.guard, next)) continue;
      next.state = edge.target;
      enter(next);
    }
  }
  settle(from.end);
  return threads_.size() > from.end;
}

void StackWalk::begin_step() {
  entered_.clear();
  entered_index_.restart(0);
  frame_index_.restart(frames_.size());
}

/// The threads of a level: those entered, and those that they reach without reading.
void StackWalk::settle(std::size_t from) {
  // It grows while it is read. NOLINTNEXTLINE(modernize-loop-convert)
  for (std::size_t i = 0; i < entered_.size(); ++i) {
    const Thread thread = entered_[i];
    const Automaton::State& state = automaton_->states[thread.state];
    const bool is_last = state.is_end && thread.below == StackSet::kBottom;
    if (!state.bytes.empty() || is_last) {
      if (threads_.size() - from < StackSet::kMaxThreads) {
        threads_.push_back(thread);
      } else {
        has_dropped_ = true;
      }
    }
    enter_silent(thread);
  }
  levels_.push_back({from, threads_.size(), frames_.size()});
}

void StackWalk::enter_silent(const Thread& thread) {
  const Automaton::State& state = automaton_->states[thread.state];
  if (state.is_end && thread.below != StackSet::kBottom) enter(frames_[thread.below]);
  for (const Automaton::StateId target : state.jumps) {
    Thread next = thread;
    next.state = target;
    enter(next);
  }
  for (const Automaton::CallEdge& edge : state.calls) {
    Thread caller = thread;
    if (!guard(edge.guard, caller)) continue;
    if (caller.depth + automaton_->states[edge.target].need > automaton_->max_nesting) continue;
    enter(call(caller, edge));
  }
}

StackWalk::Thread StackWalk::call(const Thread& thread, const Automaton::CallEdge& edge) {
  const Automaton::Rule& rule = automaton_->rules[edge.rule];
  Thread callee = {.state = rule.start,
                   .count = 0,
                   .below = thread.below,
                   .depth = thread.depth + (rule.is_container ? 1U : 0U)};
  if (automaton_->states[edge.target].is_only_end()) return callee;
  Thread frame = thread;
  frame.state = edge.target;
  callee.below = static_cast<std::uint32_t>(frame_index_.find_or_append(frames_, frame));
  return callee;
}

void StackWalk::enter(const Thread& thread) {
  // Never where the value could not be completed within the nesting that is left.
  if (thread.depth + automaton_->states[thread.state].need > automaton_->max_nesting) return;
  if (entered_.size() < kMaxEntered) {
    entered_index_.find_or_append(entered_, thread);
  } else {
    has_dropped_ = true;
  }
}

bool StackWalk::guard(Automaton::Guard guard, Thread& thread) const noexcept {
  if (guard == Automaton::Guard::none) return true;
  const Automaton::Rule& rule = automaton_->rules[automaton_->states[thread.state].rule];
  switch (guard) {
    case Automaton::Guard::at_min: return thread.count >= rule.min;
    case Automaton::Guard::below_max: return thread.count < rule.max;
    default: break;
  }
  if (thread.count >= rule.max) return false;
  // Without a maximum, what is beyond the minimum is all the same.
  if (rule.max != Automaton::kUnbounded || thread.count < rule.min) ++thread.count;
  return true;
}

void StackWalk::move_into(StackSet& stacks) const {
  const Level& last = levels_.back();
  stacks.threads_.assign(threads_.begin() + static_cast<std::ptrdiff_t>(last.begin),
                         threads_.begin() + static_cast<std::ptrdiff_t>(last.end));
  // Only frames that a thread still needs. What is below a frame was there before it.
  std::vector<std::uint32_t> places(frames_.size(), StackSet::kBottom);
  for (const Thread& thread : stacks.threads_) {
    for (std::uint32_t i = thread.below; i != StackSet::kBottom && places[i] != 0;
         i = frames_[i].below) {
      places[i] = 0;
    }
  }
  stacks.frames_.clear();
  const auto moved = [&](Thread thread) {
    if (thread.below != StackSet::kBottom) thread.below = places[thread.below];
    return thread;
  };
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (places[i] == StackSet::kBottom) continue;
    places[i] = static_cast<std::uint32_t>(stacks.frames_.size());
    stacks.frames_.push_back(moved(frames_[i]));
  }
  for (Thread& thread : stacks.threads_) thread = moved(thread);
}

}  // namespace alpha
