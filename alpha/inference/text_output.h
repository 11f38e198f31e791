#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/tokenizers/stream_decoder.h"

namespace alpha {

struct TextOutputOptions {
  std::vector<std::string> stop = {};  // stop strings: at most 16, each of 1 to 1024 bytes of UTF-8
  bool include_stop = false;           // the stop string that ended the text is part of it

  /// Error(invalid_argument): too many, too long, empty, not UTF-8; with the numbers.
  void validate() const;
};

/// Turns the tokens of one sequence into text that may be shown as soon as it is returned: cut
/// between characters, and without any part of a stop string. What could be the beginning of one is
/// held back until it is decided.
///
/// The text ends where the first stop string is complete: of all that occur, the one whose last
/// byte comes first; of those that end together the longest, which begins first. So "abc" never
/// wins against "ab", and how the text is cut into tokens does not matter. Stop strings are found
/// across tokens, in the text as it is shown (with U+FFFD for broken bytes). Time is linear in the
/// text for each stop string (Knuth, Morris and Pratt, 1977).
class TextOutput {
 public:
  /// `tokenizer` must outlive it. `previous`: as StreamDecoder. Error: as validate.
  explicit TextOutput(const Tokenizer& tokenizer, TextOutputOptions options = {},
                      std::optional<TokenId> previous = {});

  /// The text that this token decides, possibly none; none after a stop. Error: as StreamDecoder.
  std::string feed(TokenId token);

  /// Ends the text: what is held back, with U+FFFD for an incomplete character. None after a stop;
  /// U+FFFD may complete a stop string.
  std::string flush();

  /// The stop string that ended the text, as its place in the options; none so far.
  std::optional<std::size_t> stopped_by() const noexcept { return stopped_by_; }

  bool is_stopped() const noexcept { return stopped_by_.has_value(); }

 private:
  /// One stop string, and how much of it the text ends with.
  class Matcher {
   public:
    explicit Matcher(std::string_view stop);

    /// Reads the next byte of the text; true where it completes the stop string.
    bool advance(char byte, std::string_view stop) noexcept;

    std::size_t n_matched() const noexcept { return n_matched_; }

    void restart() noexcept { n_matched_ = 0; }

   private:
    // Of the stop string's first i + 1 bytes: the longest proper beginning that also ends them.
    std::vector<std::size_t> borders_;
    std::size_t n_matched_ = 0;
  };

  std::string release(std::string_view text);
  std::optional<std::size_t> advance(char byte) noexcept;
  std::string_view held() const noexcept;

  TextOutputOptions options_;
  StreamDecoder decoder_;
  std::vector<Matcher> matchers_;  // one per stop string
  std::optional<std::size_t> stopped_by_;
};

}  // namespace alpha
