#include "alpha/data/corpus.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool is_continuation(unsigned byte) {
  return (byte & 0xC0U) == 0x80U;
}

/// Offset of the first byte that text cannot have.
std::optional<std::size_t> find_non_text(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] == '\0') return i;
    const Utf8Char c = decode_utf8(text, i);
    if (c.status != Utf8Status::ok) return i;
    i += static_cast<std::size_t>(c.length);
  }
  return std::nullopt;
}

bool is_utf16_mark(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  std::string text = read_file(path);
  if (is_utf16_mark(text)) {
    fail_invalid("[corpus] '{}' is UTF-16: expected UTF-8; convert it first", path.string());
  }
  if (const auto offset = find_non_text(text)) {
    const unsigned byte = byte_at(text, *offset);
    fail_invalid("[corpus] '{}' is not a text file: got {} 0x{:02X} at byte {}, expected UTF-8",
                 path.string(), byte == 0 ? "zero byte" : "invalid byte", byte, *offset);
  }
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (text.empty()) {
    fail_invalid("[corpus] '{}' is empty: expected text to train on", path.string());
  }
  return text;
}

Split split_text(std::string_view text, double validation_fraction) {
  if (!(validation_fraction >= 0 && validation_fraction < 1)) {
    fail_invalid("[corpus] validation fraction: got {}, expected 0 <= fraction < 1",
                 validation_fraction);
  }
  std::uint64_t n_characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_continuation(byte_at(text, i))) ++n_characters;
  }
  const auto n_train = static_cast<std::uint64_t>(
      std::floor((1 - validation_fraction) * static_cast<double>(n_characters)));
  if (n_train == n_characters) return {text, text.substr(text.size())};
  std::size_t cut = 0;
  for (std::uint64_t seen = 0; cut < text.size(); ++cut) {
    if (is_continuation(byte_at(text, cut))) continue;
    if (seen == n_train) break;
    ++seen;
  }
  return {text.substr(0, cut), text.substr(cut)};
}

}  // namespace alpha
