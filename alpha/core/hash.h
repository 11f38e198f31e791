#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace alpha {

/// FNV-1a, 32 bits, over the bytes of `text`. The original's config hash is built on it.
std::uint32_t fnv1a32(std::string_view text) noexcept;

/// XXH3, 64 bits. Checksums of files and fingerprints of tokenizers and data.
std::uint64_t xxh3(std::span<const std::byte> bytes) noexcept;
std::uint64_t xxh3(std::string_view text) noexcept;

/// XXH3 of bytes that come in pieces: the digest equals `xxh3` of all pieces joined.
class Xxh3Stream {
 public:
  /// Error: out_of_memory.
  Xxh3Stream();

  void update(std::span<const std::byte> bytes) noexcept;

  /// Of everything so far; more may follow.
  std::uint64_t digest() const noexcept;

 private:
  struct FreeState {
    void operator()(XXH3_state_s* state) const noexcept;
  };

  std::unique_ptr<XXH3_state_s, FreeState> state_;
};

/// 16 lower-case hex digits.
std::string hex64(std::uint64_t value);

}  // namespace alpha
