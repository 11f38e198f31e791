#include "alpha/core/thread_pool.h"

#include <system_error>

#include <sched.h>

#include "alpha/core/error.h"

namespace alpha {

namespace {

// About 20 microseconds: longer than the gap between two kernels of a training step, short enough
// that an idle pool costs nothing and a busy neighbour is not starved.
constexpr int kSpins = 2000;

void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::thread::hardware_concurrency());
}

/// Waits until `value` is no longer `old`: spins, then sleeps.
template<class T>
void wait_while_equal(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    pause_cpu();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int n_threads) {
  if (n_threads < 0 || n_threads > 1024) {
    fail_invalid("thread count is {}, expected 1 to 1024, or 0 for one per CPU", n_threads);
  }
  const int n = n_threads == 0 ? usable_cpus() : n_threads;
  try {
    for (int i = 1; i < n; ++i) workers_.emplace_back([this] { worker_main(); });
  } catch (const std::system_error& error) {
    const std::size_t n_started = workers_.size() + 1;
    join();
    fail(ErrorCode::out_of_memory, "{} threads asked for, the system gave {}: {}", n, n_started,
         error.what());
  }
}

ThreadPool::~ThreadPool() {
  join();
}

void ThreadPool::join() {
  is_stopping_.store(true);
  n_loops_.fetch_add(1);
  n_loops_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_erased(std::int64_t n_tasks, Invoke invoke, void* context) {
  if (n_tasks <= 0) return;
  const std::lock_guard lock(run_mutex_);
  invoke_ = invoke;
  context_ = context;
  unfinished_.store(n_tasks, std::memory_order_relaxed);
  unclaimed_.store(n_tasks, std::memory_order_release);
  if (n_tasks > 1 && !workers_.empty()) {
    n_loops_.fetch_add(1, std::memory_order_release);
    n_loops_.notify_all();
  }
  work_on_current_loop();
  for (auto left = unfinished_.load(std::memory_order_acquire); left != 0;
       left = unfinished_.load(std::memory_order_acquire)) {
    wait_while_equal(unfinished_, left);
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadPool::work_on_current_loop() {
  auto left = unclaimed_.load(std::memory_order_acquire);
  while (left > 0) {
    if (!unclaimed_.compare_exchange_weak(left, left - 1, std::memory_order_acquire)) continue;
    try {
      invoke_(context_, left - 1);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
    left = unclaimed_.load(std::memory_order_acquire);
  }
}

void ThreadPool::worker_main() {
  std::uint32_t seen = 0;
  for (;;) {
    wait_while_equal(n_loops_, seen);
    seen = n_loops_.load(std::memory_order_acquire);
    if (is_stopping_.load()) return;
    work_on_current_loop();
  }
}

}  // namespace alpha
