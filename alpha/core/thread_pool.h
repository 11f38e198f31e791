#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

namespace alpha {

/// CPUs that this process may use: those it may run on, and no more than its control group's quota
/// of CPU time (cgroup v2, cpu.max) keeps busy.
int usable_cpus();

/// The CPUs that a line of cpu.max stands for: "150000 100000" is 1.5; none for "max …" and for
/// what is no such line.
std::optional<double> cpus_of_quota(std::string_view cpu_max);

/// A fixed team of threads for data-parallel loops. The caller works too, so a pool of n has n - 1
/// threads of its own; they spin for a moment after a loop and then sleep.
///
/// Results do not depend on the number of threads as long as the tasks of a loop do not depend on
/// it: cut work by shape, never by `size()`.
class ThreadPool {
 public:
  /// `n_threads` from 1 to 1024; 0 means one per CPU this process may use. Error: more than the
  /// system can start.
  explicit ThreadPool(int n_threads = 0);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  int size() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  /// Runs body(0) … body(n_tasks - 1), each once, in any order; returns when all are done. The
  /// first exception is rethrown here. Not reentrant: a body must not call `run` of the same pool;
  /// two outside threads that call `run` take turns. Allocates nothing.
  template<class Body>
  void run(std::int64_t n_tasks, Body&& body) {
    using B = std::remove_reference_t<Body>;
    run_erased(
        n_tasks, [](void* context, std::int64_t task) { (*static_cast<B*>(context))(task); },
        const_cast<void*>(static_cast<const void*>(std::addressof(body))));
  }

  /// `run` over [0, n) in chunks of `grain`: body(begin, end).
  template<class Body>
  void run_chunks(std::int64_t n, std::int64_t grain, Body&& body) {
    run((n + grain - 1) / grain, [&](std::int64_t task) {
      const std::int64_t begin = task * grain;
      body(begin, begin + grain < n ? begin + grain : n);
    });
  }

 private:
  using Invoke = void (*)(void*, std::int64_t);

  void run_erased(std::int64_t n_tasks, Invoke invoke, void* context);
  void work_on_current_loop();
  void worker_main();
  void join();

  std::vector<std::thread> workers_;
  std::mutex run_mutex_;

  // The current loop. A task is claimed by counting `unclaimed_` down; `invoke_` and `context_` are
  // written before the tasks are published and stay until the last claimed one is done, so a worker
  // that wakes late finds either a task it may run or none. Nobody waits for a worker that has
  // none.
  Invoke invoke_ = nullptr;
  void* context_ = nullptr;
  alignas(64) std::atomic<std::int64_t> unclaimed_{0};
  alignas(64) std::atomic<std::int64_t> unfinished_{0};
  alignas(64) std::atomic<std::uint32_t> n_loops_{0};
  std::atomic<bool> is_stopping_{false};
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

}  // namespace alpha
