#include "alpha/tokenizers/utf8.h"

#include <algorithm>

#include "alpha/core/error.h"

namespace alpha {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// What may follow a lead byte: how many bytes, and the range of the first of them. The range is
// what excludes overlong forms, surrogates and values above U+10FFFF.
struct LeadByte {
  int n_following;
  unsigned low;
  unsigned high;
};

LeadByte classify_lead(unsigned byte) noexcept {
  if (byte >= 0xC2 && byte <= 0xDF) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

// The UTF-16 code units of a code point as one number that compares as they do.
std::uint32_t utf16_key(char32_t code_point) noexcept {
  const auto value = static_cast<std::uint32_t>(code_point);
  if (value < 0x10000) return value << 16U;
  const std::uint32_t offset = value - 0x10000;
  return ((0xD800 + (offset >> 10U)) << 16U) | (0xDC00 + (offset & 0x3FFU));
}

}  // namespace

Utf8Char decode_utf8(std::string_view text, std::size_t at) noexcept {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte_at(at);
  if (lead < 0x80) return {lead, 1, Utf8Status::ok};
  auto [n_following, low, high] = classify_lead(lead);
  if (n_following == 0) return {kReplacement, 1, Utf8Status::invalid};
  char32_t code_point = lead & (0x3FU >> static_cast<unsigned>(n_following));
  for (int i = 1; i <= n_following; ++i) {
    const std::size_t next = at + static_cast<std::size_t>(i);
    if (next >= text.size()) return {kReplacement, i, Utf8Status::truncated};
    const unsigned byte = byte_at(next);
    if (byte < low || byte > high) return {kReplacement, i, Utf8Status::invalid};
    code_point = (code_point << 6U) | (byte & 0x3FU);
    low = 0x80;
    high = 0xBF;
  }
  return {code_point, n_following + 1, Utf8Status::ok};
}

char32_t next_code_point(std::string_view text, std::size_t& at, std::string_view where) {
  const Utf8Char c = decode_utf8(text, at);
  if (c.status != Utf8Status::ok) {
    fail_invalid("[{}] text is not UTF-8 at byte {} of {}: got 0x{:02x}, {}", where, at,
                 text.size(), static_cast<unsigned char>(text[at]),
                 c.status == Utf8Status::truncated ? "expected more bytes after it"
                                                   : "expected a valid sequence");
  }
  at += static_cast<std::size_t>(c.length);
  return c.code_point;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto value = static_cast<std::uint32_t>(code_point);
  const auto push = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    push(value);
  } else if (value < 0x800) {
    push(0xC0U | (value >> 6U));
    push(0x80U | (value & 0x3FU));
  } else if (value < 0x10000) {
    push(0xE0U | (value >> 12U));
    push(0x80U | ((value >> 6U) & 0x3FU));
    push(0x80U | (value & 0x3FU));
  } else {
    push(0xF0U | (value >> 18U));
    push(0x80U | ((value >> 12U) & 0x3FU));
    push(0x80U | ((value >> 6U) & 0x3FU));
    push(0x80U | (value & 0x3FU));
  }
}

std::int64_t count_characters(std::string_view bytes) noexcept {
  return std::ranges::count_if(bytes, [](char c) { return (c & '\xc0') != '\x80'; });
}

bool is_valid_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    if (c.status != Utf8Status::ok) return false;
    at += static_cast<std::size_t>(c.length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    append_utf8(out, c.code_point);
    at += static_cast<std::size_t>(c.length);
  }
  return out;
}

bool is_unicode_whitespace(char32_t code_point) noexcept {
  const auto c = static_cast<std::uint32_t>(code_point);
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool utf16_less(std::string_view a, std::string_view b) noexcept {
  for (std::size_t at = 0;;) {
    if (at >= b.size()) return false;
    if (at >= a.size()) return true;
    const Utf8Char x = decode_utf8(a, at);
    const Utf8Char y = decode_utf8(b, at);
    if (x.code_point != y.code_point) return utf16_key(x.code_point) < utf16_key(y.code_point);
    at += static_cast<std::size_t>(x.length);
  }
}

}  // namespace alpha
