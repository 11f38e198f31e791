#pragma once

#include <cstddef>

namespace alpha {

/// Bytes of memory that this process has in use now; 0 where the system does not say. Allocates
/// nothing.
std::size_t resident_memory_bytes() noexcept;

}  // namespace alpha
