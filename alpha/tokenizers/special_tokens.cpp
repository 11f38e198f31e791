#include "alpha/tokenizers/special_tokens.h"

#include <algorithm>

#include "alpha/core/error.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {

std::vector<std::string> in_special_token_order(std::vector<std::string> specials) {
  for (const std::string& special : specials) {
    if (special.size() < 2 || !is_valid_utf8(special)) {
      fail_invalid("[special tokens] '{}' cannot be one: got {} bytes, expected UTF-8 of 2 or more",
                   replace_invalid_utf8(special), special.size());
    }
  }
  std::sort(specials.begin(), specials.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  specials.erase(std::unique(specials.begin(), specials.end()), specials.end());
  return specials;
}

SpecialTokenFinder::SpecialTokenFinder(std::string_view text, std::span<const std::string> specials)
    : text_(text),
      specials_(specials) {
  for (const std::string& special : specials) found_at_.push_back(text.find(special));
}

std::optional<SpecialTokenFinder::Match> SpecialTokenFinder::next(std::size_t from) {
  std::optional<Match> first;
  for (std::size_t i = 0; i < specials_.size(); ++i) {
    if (found_at_[i] < from) found_at_[i] = text_.find(specials_[i], from);
    if (found_at_[i] == std::string_view::npos) continue;
    if (!first || found_at_[i] < first->begin) first = Match{.begin = found_at_[i], .index = i};
  }
  return first;
}

}  // namespace alpha
