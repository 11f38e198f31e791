#include "alpha/data/batch_stream.h"

#include <cstddef>

#include "alpha/core/error.h"
#include "alpha/data/window_checks.h"

namespace alpha {

namespace {
constexpr std::uint64_t kWindowStream = std::uint64_t{1} << 32U;  // beyond those of the parameters
}

std::int64_t window_start(double u, std::int64_t n_tokens, std::int64_t T) noexcept {
  return static_cast<std::int64_t>(u * static_cast<double>(n_tokens - T));
}

BatchStream::BatchStream(std::span<const TokenId> tokens, std::int64_t B, std::int64_t T,
                         std::int32_t seed)
    : tokens_(tokens),
      T_(T),
      rng_(static_cast<std::uint32_t>(seed), kWindowStream) {
  if (B < 1) fail_invalid("[batch stream] batch size: got {}, expected at least 1", B);
  check_windows_fit("batch stream", static_cast<std::int64_t>(tokens.size()), T);
  starts_.resize(static_cast<std::size_t>(B));
}

void BatchStream::next(Batch& batch) {
  for (std::int64_t& start : starts_) {
    start = window_start(rng_.uniform(n_rows_++), static_cast<std::int64_t>(tokens_.size()), T_);
  }
  fill_windows(tokens_, starts_, T_, batch);
}

}  // namespace alpha
