#include "alpha/inference/text_output.h"

#include <utility>

#include "alpha/core/error.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {

namespace {

constexpr std::size_t kMaxStops = 16;
constexpr std::size_t kMaxStopBytes = 1024;

}  // namespace

void TextOutputOptions::validate() const {
  if (stop.size() > kMaxStops) {
    fail_invalid("{} stop strings, expected at most {}", stop.size(), kMaxStops);
  }
  for (std::size_t i = 0; i < stop.size(); ++i) {
    if (stop[i].empty() || stop[i].size() > kMaxStopBytes) {
      fail_invalid("stop string {} has {} bytes, expected 1 to {}", i, stop[i].size(),
                   kMaxStopBytes);
    }
    if (!is_valid_utf8(stop[i])) fail_invalid("stop string {} is not valid UTF-8", i);
  }
}

TextOutput::Matcher::Matcher(std::string_view stop) : borders_(stop.size()) {
  std::size_t border = 0;
  for (std::size_t i = 1; i < stop.size(); ++i) {
    while (border > 0 && stop[i] != stop[border]) border = borders_[border - 1];
    if (stop[i] == stop[border]) ++border;
    borders_[i] = border;
  }
}

bool TextOutput::Matcher::advance(char byte, std::string_view stop) noexcept {
  while (n_matched_ > 0 && byte != stop[n_matched_]) n_matched_ = borders_[n_matched_ - 1];
  if (byte == stop[n_matched_]) ++n_matched_;
  return n_matched_ == stop.size();
}

TextOutput::TextOutput(const Tokenizer& tokenizer, TextOutputOptions options,
                       std::optional<TokenId> previous)
    : options_(std::move(options)),
      decoder_(tokenizer, previous) {
  options_.validate();
  matchers_.reserve(options_.stop.size());
  for (const std::string& stop : options_.stop) matchers_.emplace_back(stop);
}

std::string TextOutput::feed(TokenId token) {
  if (is_stopped()) return {};
  return release(decoder_.feed(token));
}

std::string TextOutput::flush() {
  if (is_stopped()) return {};
  std::string text = release(decoder_.flush());
  if (is_stopped()) return text;
  text += held();
  for (Matcher& matcher : matchers_) matcher.restart();
  return text;
}

/// Every matcher reads the byte. The longest stop string that it completes, if any.
std::optional<std::size_t> TextOutput::advance(char byte) noexcept {
  std::optional<std::size_t> longest;
  for (std::size_t i = 0; i < matchers_.size(); ++i) {
    const std::string& stop = options_.stop[i];
    const bool is_complete = matchers_[i].advance(byte, stop);
    if (is_complete && (!longest || stop.size() > options_.stop[*longest].size())) longest = i;
  }
  return longest;
}

/// What is held back is never stored: it is the beginning of a stop string.
std::string_view TextOutput::held() const noexcept {
  std::string_view longest;
  for (std::size_t i = 0; i < matchers_.size(); ++i) {
    const std::size_t n = matchers_[i].n_matched();
    if (n > longest.size()) longest = std::string_view(options_.stop[i]).substr(0, n);
  }
  return longest;
}

/// The text goes on with `text`: what of it, and of what was held back, is decided now.
std::string TextOutput::release(std::string_view text) {
  const std::string_view before = held();
  std::size_t n_read = 0;
  while (n_read < text.size() && !stopped_by_) stopped_by_ = advance(text[n_read++]);
  std::size_t n_kept = held().size();
  if (stopped_by_) n_kept = options_.include_stop ? 0 : options_.stop[*stopped_by_].size();
  const std::size_t n_shown = before.size() + n_read - n_kept;
  std::string shown(before.substr(0, n_shown));
  shown += text.substr(0, n_shown - shown.size());
  return shown;
}

}  // namespace alpha
