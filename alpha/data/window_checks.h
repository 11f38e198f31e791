#pragma once

#include <cstdint>
#include <string_view>

#include "alpha/core/error.h"

namespace alpha {

/// Refuses a token sequence in which no window of T inputs has a target for its last token.
inline void check_windows_fit(std::string_view where, std::int64_t n_tokens, std::int64_t T) {
  if (T < 1) fail_invalid("[{}] block size: got {}, expected at least 1", where, T);
  if (n_tokens <= T) {
    fail_invalid(
        "[{}] too few tokens: got {} with block size {}, expected at least {}; use a longer text "
        "or a smaller block size",
        where, n_tokens, T, T + 1);
  }
}

}  // namespace alpha
