#pragma once

#include <cstdint>

namespace alpha::cpu {

/// Rows [begin, end) of a step, all of one sequence, and one head.
struct PagedTask {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t head = 0;
};

}  // namespace alpha::cpu
