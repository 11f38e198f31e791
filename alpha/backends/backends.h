#pragma once

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

/// "cpu", "cpu_ref" or, in builds with Vulkan, "helios". `n_threads` as for ThreadPool; the others
/// have one thread. Error: an unknown name, with the nearest known one; unsupported where there is
/// no device for it.
std::unique_ptr<Backend> make_backend(std::string_view name, int n_threads = 0);

}  // namespace alpha
