#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alpha {

/// The order in which special tokens get their ids and are looked for: longest first, then
/// bytewise; each once. Error(invalid_argument): one that is shorter than two bytes or not UTF-8.
std::vector<std::string> in_special_token_order(std::vector<std::string> specials);

/// Finds special tokens in a text: the leftmost, and the longest of those that begin there.
class SpecialTokenFinder {
 public:
  struct Match {
    std::size_t begin;  // byte in the text
    std::size_t index;  // in `specials`
  };

  /// `specials` as in_special_token_order makes them. Both arguments must outlive the finder.
  SpecialTokenFinder(std::string_view text, std::span<const std::string> specials);

  /// The first special token at or behind byte `from`, which must not go back from call to call.
  /// All calls together read the text once per special token.
  std::optional<Match> next(std::size_t from);

 private:
  std::string_view text_;
  std::span<const std::string> specials_;
  std::vector<std::size_t> found_at_;  // per special: its first place not before the last `from`
};

}  // namespace alpha
