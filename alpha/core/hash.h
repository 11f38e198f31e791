#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace alpha {

/// FNV-1a, 32 bits, over the bytes of `text`. The original's config hash is built on it.
std::uint32_t fnv1a32(std::string_view text) noexcept;

/// XXH3, 64 bits. Checksums of files and fingerprints of tokenizers and data.
std::uint64_t xxh3(std::span<const std::byte> bytes) noexcept;
std::uint64_t xxh3(std::string_view text) noexcept;

/// 16 lower-case hex digits.
std::string hex64(std::uint64_t value);

}  // namespace alpha
