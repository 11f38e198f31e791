#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/alpha/usage.h"

#include "alpha/tensor/backend.h"

namespace alpha::cli {

/// Where a command computes: `--backend`, `--threads`.
struct BackendFlags {
  std::optional<std::string> backend;
  std::optional<std::int64_t> threads;

  void add_to(Flags& flags);

  /// The backend that was asked for, else the one named `otherwise`.
  std::unique_ptr<Backend> open(const std::string& otherwise = "cpu") const;

  /// The threads that `open` uses on backend `name`.
  int n_threads(std::string_view name) const;
};

/// f32 and bf16: what forward passes run in.
std::span<const std::string_view> compute_dtype_names() noexcept;

}  // namespace alpha::cli
