#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "alpha/grammar/automaton.h"

namespace alpha {

/// Every way in which an automaton can have read a text: a set of stacks, which share what is below
/// their tops.
///
/// At most kMaxThreads are followed. Where an ambiguous grammar has more, those found last are
/// dropped: what is read stays in the grammar, but parts of the grammar cannot be reached.
class StackSet {
 public:
  static constexpr std::size_t kMaxThreads = 256;

  /// Nothing read yet. `automaton` must be sealed and outlive the set.
  explicit StackSet(const Automaton& automaton);

  /// Reads all of `text`; false where the automaton cannot, and then nothing has changed.
  bool read(std::string_view text);

  bool is_complete() const noexcept;
  bool must_end() const noexcept;

  /// Of the stacks that stand between two characters of a string, how many more characters the
  /// string takes, at the most; nothing where there are none.
  std::optional<std::uint32_t> n_text_left() const noexcept;

  /// The set as numbers: equal keys allow the same texts of up to `horizon` bytes.
  void append_key(std::uint32_t horizon, std::vector<std::uint32_t>& key) const;

 private:
  friend class StackWalk;

  static constexpr std::uint32_t kBottom = 0xFFFFFFFFU;

  /// The top of one stack.
  struct Thread {
    Automaton::StateId state;
    std::uint32_t count;  // of the state's rule
    std::uint32_t below;  // place in frames_, or kBottom
    std::uint32_t depth;  // arrays and objects that are open

    bool operator==(const Thread&) const = default;

    std::size_t hash() const noexcept {
      std::uint64_t mixed = (std::uint64_t{state} << 32U | below) + count * 0x9E3779B97F4A7C15ULL;
      mixed *= 0xD6E8FEB86659FD93ULL;
      return static_cast<std::size_t>(mixed ^ mixed >> 32U);
    }
  };

  /// How many more characters the thread's string takes, where it is between two; else nothing.
  std::optional<std::uint32_t> n_text_left(const Thread& thread) const noexcept;

  bool is_at_end(const Thread& thread) const noexcept;

  const Automaton* automaton_;
  std::vector<Thread> threads_;
  std::vector<Thread> frames_;  // threads that wait for a call to end
};

}  // namespace alpha
