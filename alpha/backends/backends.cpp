#include "alpha/backends/backends.h"

#include <array>

#include "alpha/core/suggest.h"
#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/libraries.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"
#ifdef ALPHA_HAS_HELIOS
#include "alpha/helios/helios_backend.h"
#endif

namespace alpha {

namespace {
#ifdef ALPHA_HAS_HELIOS
constexpr std::array<std::string_view, 3> kNames = {"cpu", "cpu_ref", "helios"};
#else
constexpr std::array<std::string_view, 2> kNames = {"cpu", "cpu_ref"};
#endif
}  // namespace

std::span<const std::string_view> backend_names() noexcept {
  return kNames;
}

std::vector<std::pair<std::string, std::string>> backend_libraries(std::string_view name) {
  if (name == "cpu") return cpu::libraries();
  return {};
}

std::unique_ptr<Backend> make_backend(std::string_view name, const BackendOptions& options) {
  if (name == "cpu") return std::make_unique<cpu::CpuBackend>(options.n_threads);
  if (name == "cpu_ref") return std::make_unique<cpu_ref::CpuRefBackend>();
#ifdef ALPHA_HAS_HELIOS
  if (name == "helios") {
    return std::make_unique<helios::HeliosBackend>(
        helios::HeliosOptions{.device = options.device,
                              .cache_folder = options.cache_folder,
                              .is_tuning = options.is_tuning,
                              .on_notice = options.on_notice});
  }
#endif
  fail_invalid("unknown backend '{}', expected {}{}", name, fmt::join(kNames, " or "),
               did_you_mean(name, kNames));
}

std::unique_ptr<Backend> make_backend(std::string_view name, int n_threads) {
  return make_backend(name, BackendOptions{.n_threads = n_threads});
}

}  // namespace alpha
