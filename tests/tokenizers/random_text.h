#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace alpha::test {

/// The same numbers on every machine, for one seed.
using Random = std::mt19937_64;

inline std::size_t random_below(Random& rng, std::size_t n) {
  return static_cast<std::size_t>(rng() % n);
}

/// `n` bytes, each of any value.
inline std::string random_bytes(Random& rng, std::size_t n) {
  std::string bytes;
  for (std::size_t i = 0; i < n; ++i) bytes.push_back(static_cast<char>(random_below(rng, 256)));
  return bytes;
}

/// `n` draws from a few short strings: text in which pairs repeat.
inline std::string random_text(Random& rng, std::size_t n) {
  static const std::vector<std::string_view> kParts = {
      "a",  "a",  "b",  "ab", "ba", "e",      "the",    " ",         " ",
      "\n", "  ", "'s", "7",  "!",  "\u00e9", "\u65e5", "\U0001F600"};
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += kParts[random_below(rng, kParts.size())];
  return text;
}

}  // namespace alpha::test
