#include "alpha/core/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "alpha/core/error.h"

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

Xxh3Stream::Xxh3Stream() : state_(XXH3_createState()) {
  if (!state_) fail(ErrorCode::out_of_memory, "the system has no memory for a checksum");
  XXH3_64bits_reset(state_.get());
}

void Xxh3Stream::update(std::span<const std::byte> bytes) noexcept {
  if (!bytes.empty()) XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::uint64_t Xxh3Stream::digest() const noexcept {
  return XXH3_64bits_digest(state_.get());
}

void Xxh3Stream::FreeState::operator()(XXH3_state_s* state) const noexcept {
  XXH3_freeState(state);
}

std::string hex64(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

}  // namespace alpha
