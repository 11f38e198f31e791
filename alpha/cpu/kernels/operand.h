#pragma once

#include <cstddef>

namespace alpha::cpu {

/// What an elementwise loop reads: a stretch of elements, or one that is repeated.
struct Operand {
  const std::byte* data = nullptr;
  bool is_repeated = false;
};

}  // namespace alpha::cpu
