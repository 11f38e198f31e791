#include "alpha/tokenizers/byte_level.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

constexpr std::size_t kNCodePoints = 0x144;  // one above the highest that stands for a byte

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<char32_t, 256> make_code_point_of_byte() {
  std::array<char32_t, 256> table{};
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    table[byte] = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
  }
  return table;
}

constexpr std::array<char32_t, 256> kCodePointOfByte = make_code_point_of_byte();

constexpr std::array<std::int16_t, kNCodePoints> make_byte_of_code_point() {
  std::array<std::int16_t, kNCodePoints> table{};
  table.fill(-1);
  for (unsigned byte = 0; byte < 256; ++byte) {
    table[kCodePointOfByte[byte]] = static_cast<std::int16_t>(byte);
  }
  return table;
}

constexpr std::array<std::int16_t, kNCodePoints> kByteOfCodePoint = make_byte_of_code_point();

}  // namespace

std::string bytes_to_printable(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    append_utf8(text, kCodePointOfByte[static_cast<unsigned char>(byte)]);
  }
  return text;
}

std::optional<std::string> printable_to_bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = decode_utf8(text, at);
    const bool is_mapped = c.status == Utf8Status::ok && c.code_point < kNCodePoints &&
                           kByteOfCodePoint[c.code_point] >= 0;
    if (!is_mapped) return std::nullopt;
    bytes.push_back(static_cast<char>(kByteOfCodePoint[c.code_point]));
    at += static_cast<std::size_t>(c.length);
  }
  return bytes;
}

}  // namespace alpha
