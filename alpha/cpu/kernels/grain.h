#pragma once

#include <algorithm>
#include <cstdint>

namespace alpha::cpu {

/// Elements per task of a loop over memory: some microseconds of work, many times what handing a
/// task to a thread costs. Inputs up to this size stay on the calling thread.
inline constexpr std::int64_t kGrain = 16384;

/// Rows per task when a row has `row_size` elements.
constexpr std::int64_t row_grain(std::int64_t row_size) noexcept {
  return std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, row_size));
}

}  // namespace alpha::cpu
