#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "alpha/inference/event_queue.h"
#include "alpha/inference/request.h"

namespace alpha {

/// A request on its way. Client, queue and sessions each hold it as long as they need it, so that
/// none has to outlive another.
struct Job {
  Job(GenerateRequest r, double now)
      : request(std::move(r)),
        submitted_at(now),
        events(request.n, std::move(request.on_event)) {}

  GenerateRequest request;  // not changed after the job was made
  double submitted_at;      // seconds of the scheduler's clock
  EventQueue events;
  std::atomic<bool> is_cancelled{false};
  bool is_prompt_read = false;  // the scheduler's own: from here on the samples go their own ways
};

}  // namespace alpha
