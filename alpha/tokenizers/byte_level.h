#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace alpha {

// GPT-2's way to write arbitrary bytes as printable text: each byte becomes one code point. The
// bytes 0x21 to 0x7E, 0xA1 to 0xAC and 0xAE to 0xFF stand for themselves; the other 68, in their
// order, are U+0100 to U+0143 (a space is U+0120).

std::string bytes_to_printable(std::string_view bytes);

/// The inverse; nullopt when the text is not UTF-8 or has a code point that stands for no byte.
std::optional<std::string> printable_to_bytes(std::string_view text);

}  // namespace alpha
