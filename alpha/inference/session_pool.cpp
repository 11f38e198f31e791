#include "alpha/inference/session_pool.h"

#include "alpha/core/error.h"

namespace alpha {

SessionPool::SessionPool(std::int64_t n_sessions, const SessionContext& context) {
  if (n_sessions < 1) fail_invalid("number of sessions: got {}, expected at least 1", n_sessions);
  sessions_.reserve(static_cast<std::size_t>(n_sessions));
  free_.reserve(static_cast<std::size_t>(n_sessions));
  for (std::int64_t i = 0; i < n_sessions; ++i) {
    sessions_.push_back(std::make_unique<Session>(context));
    free_.push_back(sessions_.back().get());
  }
}

SessionPool::Handle SessionPool::acquire() {
  if (free_.empty()) return {nullptr, GiveBack{this}};
  Session* session = free_.back();
  free_.pop_back();
  return {session, GiveBack{this}};
}

void SessionPool::give_back(Session* session) {
  session->clear();
  free_.push_back(session);
}

}  // namespace alpha
