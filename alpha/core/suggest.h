#pragma once

#include <span>
#include <string>
#include <string_view>

namespace alpha {

/// The candidate that `word` was most likely meant to be, for "did you mean" in error messages:
/// smallest edit distance (insert, delete, replace, swap neighbours; ASCII case is ignored), the
/// first among equals. Empty when none is near: more than half of the longer word's characters,
/// and more than one, would have to change.
std::string closest(std::string_view word, std::span<const std::string_view> candidates);

/// `; did you mean 'x'?` for the end of a message, or nothing when no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace alpha
