#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "alpha/backends/backends.h"

namespace alpha::test {

/// Every backend by name, for tests that run on each.
inline auto each_backend() {
  return testing::ValuesIn(backend_names().begin(), backend_names().end());
}

inline std::string backend_test_name(const testing::TestParamInfo<std::string_view>& param) {
  return std::string(param.param);
}

}  // namespace alpha::test
