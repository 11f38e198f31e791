#pragma once

#include <cstddef>

namespace alpha::test {

/// How often this program has called operator new so far. allocation_count.cpp, which replaces it
/// to count, is a file of its own: a compiler that sees through it warns about malloc and free.
std::size_t n_allocations() noexcept;

}  // namespace alpha::test
