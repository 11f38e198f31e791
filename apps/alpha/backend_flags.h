#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "apps/alpha/usage.h"

#include "alpha/tensor/backend.h"

namespace alpha::cli {

/// Where a command computes: `--backend`, `--device`, `--threads`.
struct BackendFlags {
  std::optional<std::string> backend, device;
  std::optional<std::int64_t> threads;

  void add_to(Flags& flags);

  /// The backend that was asked for, else the one named `otherwise`. What is worth knowing of its
  /// device is told as a warning when it is known. Error: UsageError for a device where none is
  /// chosen; as make_backend.
  std::unique_ptr<Backend> open(const std::string& otherwise = "cpu") const;

  /// The threads that `open` uses on backend `name`.
  int n_threads(std::string_view name) const;
};

/// Where programs keep what they can make again: alpha's folder in $XDG_CACHE_HOME or ~/.cache;
/// empty where there is neither.
std::filesystem::path user_cache_folder();

/// f32 and bf16: what forward passes run in.
std::span<const std::string_view> compute_dtype_names() noexcept;

}  // namespace alpha::cli
