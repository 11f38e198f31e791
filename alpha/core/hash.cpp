#include "alpha/core/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace alpha {

std::uint32_t fnv1a32(std::string_view text) noexcept {
  std::uint32_t h = 0x811c9dc5U;
  for (const char c : text) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x01000193U;
  }
  return h;
}

std::uint64_t xxh3(std::span<const std::byte> bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t xxh3(std::string_view text) noexcept {
  return XXH3_64bits(text.data(), text.size());
}

std::string hex64(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

}  // namespace alpha
