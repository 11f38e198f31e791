#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alpha/tensor/backend.h"

namespace alpha {

/// The names `make_backend` knows.
std::span<const std::string_view> backend_names() noexcept;

/// Names and versions of what a backend is built on; nothing for a name that is none.
std::vector<std::pair<std::string, std::string>> backend_libraries(std::string_view name);

/// What backends are told; each takes what concerns it.
struct BackendOptions {
  int n_threads = 0;                        // of "cpu", as for ThreadPool
  std::string device = {};                  // of "helios", see HeliosOptions
  std::filesystem::path cache_folder = {};  // for what is compiled; empty: it is not kept
  bool is_tuning = false;                   // of "helios", see HeliosOptions
  std::function<void(const std::string&)> on_notice = {};  // what is worth knowing of the device
};

/// "cpu", "cpu_ref" or, in builds with Vulkan, "helios". Error: an unknown name, with the nearest
/// known one; unsupported where there is no device for it.
std::unique_ptr<Backend> make_backend(std::string_view name, const BackendOptions& options);

/// With the defaults but for the number of threads.
std::unique_ptr<Backend> make_backend(std::string_view name, int n_threads = 0);

}  // namespace alpha
