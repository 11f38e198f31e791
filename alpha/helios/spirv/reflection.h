#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace alpha::helios::spirv {

/// What a shader does with a storage buffer.
enum class Access : std::uint8_t { none = 0, read = 1, write = 2, read_write = 3 };

constexpr bool reads(Access access) noexcept {
  return (static_cast<unsigned>(access) & static_cast<unsigned>(Access::read)) != 0;
}

constexpr bool writes(Access access) noexcept {
  return (static_cast<unsigned>(access) & static_cast<unsigned>(Access::write)) != 0;
}

/// What a compute shader says of itself.
struct Interface {
  std::vector<Access> bindings;  // of descriptor set 0, by number
  std::uint32_t push_bytes = 0;  // of push constants
};

/// Reads the interface out of a module: `readonly` and `writeonly` buffers by their decorations,
/// so that what the barriers are made of is what the shader really may do. Error: corrupt.
Interface reflect(std::span<const std::uint32_t> module);

}  // namespace alpha::helios::spirv
