#include "apps/alpha/backend_flags.h"

#include <array>
#include <cstdlib>

#include "apps/alpha/console.h"

#include "alpha/backends/backends.h"
#include "alpha/core/thread_pool.h"

namespace alpha::cli {

namespace {

constexpr std::int64_t kMaxThreads = 1024;
constexpr std::array<std::string_view, 2> kComputeDTypes = {"f32", "bf16"};

}  // namespace

void BackendFlags::add_to(Flags& flags) {
  flags.choice("--backend", backend, backend_names(), "Where to compute [cpu]");
  flags.text("--device", device,
             "GPU of --backend helios: part of its name, or its number in `alpha devices`");
  flags.integer("--threads", threads, "Threads [all CPUs]; results do not depend on them",
                {.min = 1, .max = kMaxThreads});
}

std::unique_ptr<Backend> BackendFlags::open(const std::string& otherwise) const {
  const std::string name = backend.value_or(otherwise);
  if (device && name != "helios") {
    fail_usage("--device is for --backend helios, and this runs on {}", name);
  }
  return make_backend(name,
                      BackendOptions{.n_threads = n_threads(name),
                                     .device = device.value_or(""),
                                     .cache_folder = user_cache_folder(),
                                     .is_tuning = true,
                                     .on_notice = [](const std::string& text) { warn(text); }});
}

std::filesystem::path user_cache_folder() {
  // Only what is absolute counts, says the XDG Base Directory Specification.
  const auto folder = [](const char* variable) {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
    const std::filesystem::path path = value == nullptr ? "" : value;
    return path.is_absolute() ? path : std::filesystem::path();
  };
  if (const auto cache = folder("XDG_CACHE_HOME"); !cache.empty()) return cache / "alpha";
  if (const auto home = folder("HOME"); !home.empty()) return home / ".cache" / "alpha";
  return {};
}

int BackendFlags::n_threads(std::string_view name) const {
  if (name == "cpu_ref") return 1;
  return threads ? static_cast<int>(*threads) : usable_cpus();
}

std::span<const std::string_view> compute_dtype_names() noexcept {
  return kComputeDTypes;
}

}  // namespace alpha::cli
