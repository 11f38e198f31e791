#pragma once

#include <cstddef>
#include <string_view>

namespace alpha {

/// The piece of `text` that begins at byte `at` < text.size(): what byte-level BPE merges within,
/// and never across. Never empty; the pieces, joined, are the text. Bytes need not be UTF-8.
///
/// The rule is that of GPT-2's pattern, first alternative that matches:
///
///     's | 't | 're | 've | 'm | 'll | 'd | ?letters+ | ?digits+ | ?others+ |
///     whitespace run | whitespace run
///
/// where " ?" is an optional space, and the first kind of whitespace run leaves its last character
/// to what follows, if something follows. Classes: letters are a-z, A-Z and every code point above
/// U+007F that is not whitespace; digits are 0-9; whitespace is Unicode's White_Space; others are
/// all the rest, broken UTF-8 included. (GPT-2 asks Unicode's tables for letters and digits: its
/// pieces differ where text has non-ASCII digits or punctuation.)
std::string_view next_pre_token(std::string_view text, std::size_t at) noexcept;

}  // namespace alpha
