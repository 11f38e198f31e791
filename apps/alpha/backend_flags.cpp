#include "apps/alpha/backend_flags.h"

#include <array>
#include <thread>

#include <sched.h>

#include "alpha/backends/backends.h"

namespace alpha::cli {

namespace {

constexpr std::int64_t kMaxThreads = 1024;
constexpr std::array<std::string_view, 2> kComputeDTypes = {"f32", "bf16"};

/// CPUs that this process may use.
int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
}

}  // namespace

void BackendFlags::add_to(Flags& flags) {
  flags.choice("--backend", backend, backend_names(), "Where to compute [cpu]");
  flags.integer("--threads", threads, "Threads [all CPUs]; results do not depend on them",
                {.min = 1, .max = kMaxThreads});
}

std::unique_ptr<Backend> BackendFlags::open(const std::string& otherwise) const {
  const std::string name = backend.value_or(otherwise);
  return make_backend(name, n_threads(name));
}

int BackendFlags::n_threads(std::string_view name) const {
  if (name == "cpu_ref") return 1;
  return threads ? static_cast<int>(*threads) : usable_cpus();
}

std::span<const std::string_view> compute_dtype_names() noexcept {
  return kComputeDTypes;
}

}  // namespace alpha::cli
