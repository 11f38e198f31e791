#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace alpha {

/// Reads a UTF-8 text file for training. A UTF-8 byte order mark at its start is dropped; nothing
/// else is changed. Errors: not_found (no such file), invalid_argument (an empty file, or a file
/// that is not text: a zero byte or invalid UTF-8, with the offset of that byte in the file), io (a
/// folder, no permission).
std::string read_text(const std::filesystem::path& path);

/// Two views that together are the whole text, in order. They live as long as the text.
struct Split {
  std::string_view train;
  std::string_view validation;
};

/// Cuts `text` (valid UTF-8) before character floor((1 - validation_fraction) * n_characters),
/// where a character is one code point. A fraction of 0 gives everything to `train`. Error:
/// invalid_argument when the fraction is not in [0, 1).
Split split_text(std::string_view text, double validation_fraction = 0.1);

}  // namespace alpha
