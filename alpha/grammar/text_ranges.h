#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace alpha {

/// Where a byte-wise reader of UTF-8 can stand: between two characters, or inside one.
enum class TextPlace : std::uint8_t {
  between,
  one_more,    // one continuation byte
  two_more,    // two
  three_more,  // three
  after_e0,    // two, not an overlong form
  after_ed,    // two, not a surrogate
  after_f0,    // three, not an overlong form
  after_f4     // three, not beyond U+10FFFF
};

inline constexpr std::size_t kTextPlaces = 8;

struct TextRange {
  TextPlace from;
  std::uint8_t first;
  std::uint8_t last;  // inclusive
  TextPlace to;
};

/// The characters that a JSON string holds without escape, as well-formed UTF-8 (Unicode 15, table
/// 3-7).
inline constexpr std::array<TextRange, 18> kTextRanges = {{
    {TextPlace::between, 0x20, 0x21, TextPlace::between},
    {TextPlace::between, 0x23, 0x5B, TextPlace::between},
    {TextPlace::between, 0x5D, 0x7F, TextPlace::between},
    {TextPlace::between, 0xC2, 0xDF, TextPlace::one_more},
    {TextPlace::between, 0xE0, 0xE0, TextPlace::after_e0},
    {TextPlace::between, 0xE1, 0xEC, TextPlace::two_more},
    {TextPlace::between, 0xED, 0xED, TextPlace::after_ed},
    {TextPlace::between, 0xEE, 0xEF, TextPlace::two_more},
    {TextPlace::between, 0xF0, 0xF0, TextPlace::after_f0},
    {TextPlace::between, 0xF1, 0xF3, TextPlace::three_more},
    {TextPlace::between, 0xF4, 0xF4, TextPlace::after_f4},
    {TextPlace::one_more, 0x80, 0xBF, TextPlace::between},
    {TextPlace::two_more, 0x80, 0xBF, TextPlace::one_more},
    {TextPlace::three_more, 0x80, 0xBF, TextPlace::two_more},
    {TextPlace::after_e0, 0xA0, 0xBF, TextPlace::one_more},
    {TextPlace::after_ed, 0x80, 0x9F, TextPlace::one_more},
    {TextPlace::after_f0, 0x90, 0xBF, TextPlace::two_more},
    {TextPlace::after_f4, 0x80, 0x8F, TextPlace::two_more},
}};

}  // namespace alpha
