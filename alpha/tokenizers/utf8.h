#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alpha {

enum class Utf8Status : std::uint8_t {
  ok,
  truncated,  // the text ends inside the sequence; more bytes could complete it
  invalid     // no bytes that follow could make it valid
};

/// What stands at one place of a text. For a sequence that is not ok, `length` counts the bytes
/// that one U+FFFD stands for (the longest beginning of a valid sequence, at least one byte:
/// Unicode 3.9, "maximal subpart") and `code_point` is U+FFFD.
struct Utf8Char {
  char32_t code_point;
  int length;  // bytes
  Utf8Status status;
};

/// Reads the sequence that begins at byte `at` < text.size().
Utf8Char decode_utf8(std::string_view text, std::size_t at) noexcept;

/// Reads the code point at `at` and moves `at` behind it.
/// Error(invalid_argument): `[where] text is not UTF-8 at byte …`.
char32_t next_code_point(std::string_view text, std::size_t& at, std::string_view where);

/// Appends a Unicode scalar value as 1 to 4 bytes.
void append_utf8(std::string& out, char32_t code_point);

bool is_valid_utf8(std::string_view text) noexcept;

/// Characters that begin in these bytes, which may cut one at either end.
std::int64_t count_characters(std::string_view bytes) noexcept;

/// The text with U+FFFD in place of every broken sequence; valid text comes back unchanged.
std::string replace_invalid_utf8(std::string_view text);

/// Unicode's White_Space property.
bool is_unicode_whitespace(char32_t code_point) noexcept;

/// Order of valid UTF-8 strings by UTF-16 code units, as JavaScript sorts: code points above U+FFFF
/// come before U+E000 to U+FFFF.
bool utf16_less(std::string_view a, std::string_view b) noexcept;

}  // namespace alpha
