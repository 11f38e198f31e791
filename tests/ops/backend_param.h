#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/backends/backends.h"

namespace alpha::test {

/// The backends that this machine has a device for.
inline const std::vector<std::string_view>& usable_backends() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> usable;
    for (const std::string_view name : backend_names()) {
      try {
        make_backend(name, 1);
        usable.push_back(name);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;
      }
    }
    return usable;
  }();
  return names;
}

/// Whether a backend computes in f64: devices hold none.
inline bool has_f64(const Backend& backend) {
  return backend.has(OpId::add, DType::f64);
}

/// Each of them by name, for tests that run on each.
inline auto each_backend() {
  return testing::ValuesIn(usable_backends());
}

/// Those whose tensors lie in host memory, for tests that look there.
inline auto each_host_backend() {
  return testing::Values("cpu", "cpu_ref");
}

inline std::string backend_test_name(const testing::TestParamInfo<std::string_view>& param) {
  return std::string(param.param);
}

}  // namespace alpha::test
