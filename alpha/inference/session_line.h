#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "alpha/inference/session_pool.h"

namespace alpha {

/// The sessions of a scheduler in the order of their arrival. The first n_running() hold the KV
/// blocks of what they have computed; the others hold none and wait for room. An older session
/// takes the blocks of younger ones when there are not enough, and they compute again later, so
/// that the oldest always gets on.
class SessionLine {
 public:
  /// Both are borrowed.
  SessionLine(KvBlocks& blocks, ModelRunner& runner, std::int64_t max_sessions);

  /// A session joins at the end, without blocks.
  void push(SessionPool::Handle session) { sessions_.push_back(std::move(session)); }

  /// Lets the first that waits run, with what is computed of it already, if there is room for its
  /// tokens; null otherwise, or when none waits.
  Session* admit();

  /// Blocks for the next `n_rows` positions of the running session at `place`. False when it had to
  /// give up its own, being the youngest. Error: what ModelRunner::copy_block throws.
  bool reserve(std::size_t place, std::int64_t n_rows);

  /// Gives back the sessions that ended.
  void sweep();

  std::span<const SessionPool::Handle> all() const noexcept { return sessions_; }

  std::span<const SessionPool::Handle> running() const noexcept { return all().first(n_running_); }

  std::size_t n_running() const noexcept { return n_running_; }

  std::int64_t n_preemptions() const noexcept { return n_preemptions_; }

 private:
  void preempt_youngest();

  KvBlocks& blocks_;
  ModelRunner& runner_;
  std::vector<SessionPool::Handle> sessions_;
  std::size_t n_running_ = 0;
  std::int64_t n_preemptions_ = 0;
};

}  // namespace alpha
