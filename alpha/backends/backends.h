#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "alpha/tensor/backend.h"

namespace alpha {

/// The names `make_backend` knows.
std::span<const std::string_view> backend_names() noexcept;

/// "cpu" or "cpu_ref". `n_threads` as for ThreadPool; cpu_ref has one thread. Error: an unknown
/// name, with the nearest known one.
std::unique_ptr<Backend> make_backend(std::string_view name, int n_threads = 0);

}  // namespace alpha
