#include "alpha/data/batch_stream.h"

#include <cstddef>

#include "alpha/core/error.h"
#include "alpha/data/window_checks.h"

namespace alpha {

namespace {

constexpr std::uint64_t kPeriod = 8190;              // of SeededRng
constexpr std::uint32_t kGoldenRatio = 0x9E3779B9U;  // its fraction, times 2^32

}  // namespace

BatchStream::BatchStream(std::span<const TokenId> tokens, std::int64_t B, std::int64_t T,
                         std::int32_t seed)
    : tokens_(tokens),
      T_(T),
      rng_(seed) {
  if (B < 1) fail_invalid("[batch stream] batch size: got {}, expected at least 1", B);
  check_windows_fit("batch stream", static_cast<std::int64_t>(tokens.size()), T);
  starts_.resize(static_cast<std::size_t>(B));
}

std::int64_t BatchStream::draw_start() noexcept {
  const auto turn = static_cast<std::uint32_t>(n_rows_ / kPeriod);
  const auto bits = static_cast<std::uint32_t>(rng_.next() * 0x1p32) + turn * kGoldenRatio;
  ++n_rows_;
  const auto n_starts = static_cast<double>(static_cast<std::int64_t>(tokens_.size()) - T_);
  return static_cast<std::int64_t>(bits * 0x1p-32 * n_starts);
}

void BatchStream::next(Batch& batch) {
  for (std::int64_t& start : starts_) start = draw_start();
  fill_windows(tokens_, starts_, T_, batch);
}

}  // namespace alpha
