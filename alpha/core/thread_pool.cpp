#include "alpha/core/thread_pool.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include <sched.h>

#include "alpha/core/clock.h"
#include "alpha/core/error.h"
#include "alpha/core/files.h"

namespace alpha {

namespace {

// Longer than the gap between two kernels of a step, short enough that an idle pool costs nothing
// and a busy neighbour is not starved.
constexpr double kSpinSeconds = 50e-6;
constexpr int kSpinsPerLook = 16;  // at the clock; a pause takes 40 to 140 cycles

void pause_cpu() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

const std::filesystem::path kControlGroups = "/sys/fs/cgroup";

/// "/" or below it, where this process stands among the control groups (version 2); "/" also where
/// the system does not say.
std::filesystem::path own_control_group() {
  constexpr const char* kFile = "/proc/self/cgroup";
  constexpr std::string_view kPrefix = "0::";
  if (!file_exists(kFile)) return "/";
  const std::string text = read_file(kFile);
  const std::size_t begin = text.find(kPrefix);
  if (begin == std::string::npos) return "/";
  const std::size_t end = text.find('\n', begin);
  return text.substr(begin + kPrefix.size(), end - begin - kPrefix.size());
}

/// Waits until `value` is no longer `old`: spins, then sleeps.
template<class T>
void wait_while_equal(const std::atomic<T>& value, T old) {
  const SystemClock clock;
  const double end = clock.seconds() + kSpinSeconds;
  do {
    for (int i = 0; i < kSpinsPerLook; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause_cpu();
    }
  } while (clock.seconds() < end);
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

std::optional<double> cpus_of_quota(std::string_view cpu_max) {
  double quota = 0;
  double period = 0;
  const std::string text(cpu_max);
  if (std::sscanf(text.c_str(), "%lf %lf", &quota, &period) != 2) return {};
  if (!(quota > 0 && period > 0)) return {};
  return quota / period;
}

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int n = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  if (sched_getaffinity(0, sizeof(set), &set) == 0) n = CPU_COUNT(&set);
  // A container may use all CPUs, but only for a part of the time: threads beyond that part would
  // all be stopped together, in the middle of a step.
  for (std::filesystem::path group = own_control_group(); !group.empty();) {
    const std::filesystem::path file = kControlGroups / group.relative_path() / "cpu.max";
    if (file_exists(file)) {
      const std::optional<double> quota = cpus_of_quota(read_file(file));
      if (quota) n = std::clamp(static_cast<int>(*quota), 1, n);
    }
    group = group == group.root_path() ? std::filesystem::path() : group.parent_path();
  }
  return n;
}

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
