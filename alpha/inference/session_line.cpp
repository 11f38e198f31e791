#include "alpha/inference/session_line.h"

#include <utility>

namespace alpha {

SessionLine::SessionLine(KvBlocks& blocks, ModelRunner& runner, std::int64_t max_sessions)
    : blocks_(blocks),
      runner_(runner) {
  sessions_.reserve(static_cast<std::size_t>(max_sessions));
}

Session* SessionLine::admit() {
  if (n_running_ == sessions_.size()) return nullptr;
  Session& session = *sessions_[n_running_];
  // A follower stands behind the session it follows, and needs no blocks yet.
  if (!session.is_follower()) {
    Sequence& sequence = session.sequence();
    if (!session.needs_every_position()) sequence.match();
    // Those that run will each need another block soon.
    const std::int64_t n_needed = kv_blocks_for(sequence.n_tokens()) -
                                  std::ssize(sequence.blocks()) +
                                  static_cast<std::int64_t>(n_running_);
    if (n_running_ > 0 && n_needed > blocks_.n_available()) {
      sequence.release_blocks();
      return nullptr;
    }
  }
  ++n_running_;
  return &session;
}

bool SessionLine::reserve(std::size_t place, std::int64_t n_rows) {
  while (!sessions_[place]->sequence().reserve(n_rows, runner_)) {
    preempt_youngest();
    if (n_running_ <= place) return false;
  }
  return true;
}

void SessionLine::preempt_youngest() {
  Session& session = *sessions_[--n_running_];
  if (session.is_follower()) return;
  session.sequence().release_blocks();
  ++n_preemptions_;
}

void SessionLine::sweep() {
  std::size_t n_kept = 0;
  std::size_t n_running = 0;
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i]->has_ended()) {
      sessions_[i].reset();
      continue;
    }
    if (i < n_running_) ++n_running;
    if (i > n_kept) sessions_[n_kept] = std::move(sessions_[i]);
    ++n_kept;
  }
  sessions_.resize(n_kept);
  n_running_ = n_running;
}

}  // namespace alpha
