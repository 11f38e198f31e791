#include "apps/alpha/backend_flags.h"

#include <array>

#include "alpha/backends/backends.h"
#include "alpha/core/thread_pool.h"

namespace alpha::cli {

namespace {

constexpr std::int64_t kMaxThreads = 1024;
constexpr std::array<std::string_view, 2> kComputeDTypes = {"f32", "bf16"};

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
