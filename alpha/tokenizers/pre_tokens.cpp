#include "alpha/tokenizers/pre_tokens.h"

#include <array>
#include <cstdint>

#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

enum class CharClass : std::uint8_t { letter, digit, whitespace, other };

struct ClassedChar {
  CharClass char_class;
  std::size_t length;  // bytes
};

constexpr std::array<CharClass, 128> make_ascii_classes() {
  std::array<CharClass, 128> classes{};
  for (unsigned c = 0; c < 128; ++c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_whitespace = c == ' ' || (c >= '\t' && c <= '\r');
    classes[c] = is_letter              ? CharClass::letter
                 : c >= '0' && c <= '9' ? CharClass::digit
                 : is_whitespace        ? CharClass::whitespace
                                        : CharClass::other;
  }
  return classes;
}

constexpr std::array<CharClass, 128> kAsciiClasses = make_ascii_classes();

ClassedChar classify(std::string_view text, std::size_t at) noexcept {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {kAsciiClasses[byte], 1};
  const Utf8Char c = decode_utf8(text, at);
  const auto length = static_cast<std::size_t>(c.length);
  if (c.status != Utf8Status::ok) return {CharClass::other, length};
  return {is_unicode_whitespace(c.code_point) ? CharClass::whitespace : CharClass::letter, length};
}

// Length of the contraction at `at`, which holds an apostrophe; 0 if there is none.
std::size_t contraction_length(std::string_view text, std::size_t at) noexcept {
  const std::string_view rest = text.substr(at + 1, 2);
  if (rest.empty()) return 0;
  if (rest[0] == 's' || rest[0] == 't' || rest[0] == 'm' || rest[0] == 'd') return 2;
  return rest == "re" || rest == "ve" || rest == "ll" ? 3 : 0;
}

// One past the run of `char_class` that begins at `at`.
std::size_t run_end(std::string_view text, std::size_t at, CharClass char_class) noexcept {
  while (at < text.size()) {
    const ClassedChar c = classify(text, at);
    if (c.char_class != char_class) break;
    at += c.length;
  }
  return at;
}

// One past the whitespace piece that begins at `at`: the run, without its last character if there
// are several and something follows.
std::size_t whitespace_end(std::string_view text, std::size_t at) noexcept {
  std::size_t end = at;
  std::size_t last = at;
  while (end < text.size()) {
    const ClassedChar c = classify(text, end);
    if (c.char_class != CharClass::whitespace) break;
    last = end;
    end += c.length;
  }
  return end == text.size() || last == at ? end : last;
}

}  // namespace

std::string_view next_pre_token(std::string_view text, std::size_t at) noexcept {
  if (text[at] == '\'') {
    if (const std::size_t length = contraction_length(text, at); length > 0) {
      return text.substr(at, length);
    }
  }
  std::size_t begin = at;
  if (text[at] == ' ' && at + 1 < text.size()) {
    if (classify(text, at + 1).char_class != CharClass::whitespace) begin = at + 1;
  }
  const CharClass char_class = classify(text, begin).char_class;
  const std::size_t end = char_class == CharClass::whitespace ? whitespace_end(text, begin)
                                                              : run_end(text, begin, char_class);
  return text.substr(at, end - at);
}

}  // namespace alpha
