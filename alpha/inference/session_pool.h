#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "alpha/inference/session.h"

namespace alpha {

/// A fixed number of sessions, handed out and taken back. All of their memory is taken at the
/// start, none of it is cleared in between. For one thread.
class SessionPool {
 public:
  struct GiveBack {
    SessionPool* pool = nullptr;

    void operator()(Session* session) const { pool->give_back(session); }
  };

  /// A session on loan. However it goes out of scope, the session returns to the pool and its
  /// blocks to theirs. The pool outlives it.
  using Handle = std::unique_ptr<Session, GiveBack>;

  /// Error: fewer than 1 session.
  SessionPool(std::int64_t n_sessions, const SessionContext& context);

  /// An empty handle when all sessions are in use.
  Handle acquire();

  std::int64_t size() const noexcept { return std::ssize(sessions_); }

  std::int64_t in_use() const noexcept { return size() - std::ssize(free_); }

 private:
  void give_back(Session* session);

  std::vector<std::unique_ptr<Session>> sessions_;
  std::vector<Session*> free_;  // the one given back last comes first
};

}  // namespace alpha
