#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "alpha/inference/scheduler_core.h"

namespace alpha {

/// A SchedulerCore with a thread of its own, which owns all computing. Everything here but the
/// construction and destruction is for any thread.
class Scheduler {
 public:
  /// As SchedulerCore.
  Scheduler(ModelRunner& runner, const Tokenizer& tokenizer, const SchedulerOptions& options,
            const Clock& clock)
      : core_(runner, tokenizer, options, clock),
        thread_([this] {
          while (core_.wait()) core_.run_step();
          is_done_.store(true);
          is_done_.notify_all();
        }) {}

  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Cancels everything.
  ~Scheduler() {
    stop();
    thread_.join();
  }

  /// As SchedulerCore::submit.
  std::unique_ptr<Completion> submit(GenerateRequest request) {
    return core_.submit(std::move(request));
  }

  /// Takes nothing new and waits until all requests have ended. `stop`, from another thread, cuts
  /// the wait short.
  void drain() {
    core_.close();
    is_done_.wait(false);
  }

  /// Takes nothing new and cancels all requests; does not wait for their ends.
  void stop() { core_.close_and_cancel(); }

  SchedulerStats stats() const { return core_.stats(); }

 private:
  SchedulerCore core_;
  std::atomic<bool> is_done_{false};
  std::thread thread_;
};

}  // namespace alpha
