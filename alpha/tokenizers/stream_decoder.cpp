#include "alpha/tokenizers/stream_decoder.h"

#include <utility>

#include "alpha/tokenizers/utf8.h"

namespace alpha {

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, std::optional<TokenId> previous)
    : tokenizer_(tokenizer),
      previous_(previous) {}

std::string StreamDecoder::feed(TokenId id) {
  const std::string_view piece = tokenizer_.piece(id);
  if (previous_) held_ += tokenizer_.glue(*previous_, id);
  previous_ = id;
  held_ += piece;
  std::string ready;
  std::size_t at = 0;
  while (at < held_.size()) {
    const Utf8Char c = decode_utf8(held_, at);
    if (c.status == Utf8Status::truncated) break;
    append_utf8(ready, c.code_point);
    at += static_cast<std::size_t>(c.length);
  }
  held_.erase(0, at);
  return ready;
}

std::string StreamDecoder::flush() {
  return replace_invalid_utf8(std::exchange(held_, {}));
}

}  // namespace alpha
