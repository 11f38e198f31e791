#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "alpha/grammar/growing_index.h"
#include "alpha/grammar/stack_set.h"

namespace alpha {

/// Reads many texts from one set of stacks, each from where it parts with the one before. The set
/// itself does not change.
class StackWalk {
 public:
  enum class Part : std::uint8_t {
    all,
    text,     // stacks between two characters of a string
    not_text  // the others
  };

  explicit StackWalk(const StackSet& stacks, Part part = Part::all);

  bool is_empty() const noexcept { return threads_.empty(); }

  /// Reads `byte` as the text's byte `depth` (from 1), after the depth - 1 bytes that were read
  /// last; false where the automaton cannot.
  bool step(std::size_t depth, std::uint8_t byte);

  /// Some threads were dropped on the way, here or in a text before.
  bool has_dropped() const noexcept { return has_dropped_; }

  /// Makes `stacks` what was read last.
  void move_into(StackSet& stacks) const;

 private:
  using Thread = StackSet::Thread;

  struct Level {
    std::size_t begin;  // in threads_; a level ends where the next begins
    std::size_t end;
    std::size_t n_frames;
  };

  friend class StackSet;

  // For StackSet: the beginning of all texts.
  explicit StackWalk(const Automaton& automaton);

  void enter(const Thread& thread);
  void enter_silent(const Thread& thread);
  void begin_step();
  void settle(std::size_t from);
  bool guard(Automaton::Guard guard, Thread& thread) const noexcept;
  Thread call(const Thread& thread, const Automaton::CallEdge& edge);

  const Automaton* automaton_;
  std::vector<Thread> threads_;
  std::vector<Thread> frames_;
  std::vector<Level> levels_;
  std::vector<Thread> entered_;  // by the step that is being made, in order
  bool has_dropped_ = false;
  GrowingIndex<Thread> entered_index_;
  GrowingIndex<Thread> frame_index_;  // of the frames of the step, so that equal stacks are one
};

}  // namespace alpha
