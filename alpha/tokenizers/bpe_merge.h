#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// Two neighbouring tokens that become one. A merge's place in the list of merges is its rank: it
/// makes the token `first merge id + rank`, and lower ranks are applied first.
struct BpeMerge {
  TokenId left = 0;
  TokenId right = 0;

  auto operator<=>(const BpeMerge&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// For hash tables keyed by a pair of tokens.
struct BpeMergeHash {
  std::size_t operator()(const BpeMerge& pair) const noexcept {
    const auto left = static_cast<std::uint32_t>(pair.left);
    const auto right = static_cast<std::uint32_t>(pair.right);
    std::uint64_t hash = ((std::uint64_t{left} << 32U) | right) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32U;
    return static_cast<std::size_t>(hash);
  }
};

}  // namespace alpha
