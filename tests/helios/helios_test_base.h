#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/helios/helios_backend.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::helios::test {

/// Whether the tests are to fail, not to skip, where there is no device or no validation layer: CI
/// has both.
inline bool is_vulkan_required() {
  return std::getenv("ALPHA_REQUIRE_VULKAN") != nullptr;  // NOLINT(concurrency-mt-unsafe)
}

/// A backend, or null where this machine has no device, or no layer that was asked for: such tests
/// skip.
inline std::unique_ptr<HeliosBackend> open_helios(HeliosOptions options = {}) {
  try {
    return std::make_unique<HeliosBackend>(std::move(options));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported || is_vulkan_required()) throw;
    return nullptr;
  }
}

/// Whether there is a device at all.
inline bool has_device() {
  static const bool has = open_helios() != nullptr;
  return has;
}

inline std::vector<float> ramp(std::int64_t n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1013) / 64;
  return values;
}

inline Tensor tensor_of(Backend& backend, const std::vector<float>& values) {
  return from_values(backend, {static_cast<std::int64_t>(values.size())},
                     std::span<const float>(values));
}

inline std::vector<float> values_of(Backend& backend, const Tensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.numel()));
  backend.download(tensor, values.data());
  return values;
}

inline ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::internal;
}

}  // namespace alpha::helios::test
