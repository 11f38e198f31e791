#include "alpha/data/sequential_batches.h"

#include <algorithm>
#include <cstddef>

#include "alpha/core/error.h"
#include "alpha/data/window_checks.h"

namespace alpha {

SequentialBatches::SequentialBatches(std::span<const TokenId> tokens, std::int64_t B,
                                     std::int64_t T)
    : tokens_(tokens),
      B_(B),
      T_(T) {
  if (B < 1 || T < 1) {
    fail_invalid("[sequential batches] shape: got [{}, {}], expected at least [1, 1]", B, T);
  }
  if (tokens.size() < 2) {
    fail_invalid("[sequential batches] too few tokens: got {}, expected at least 2", tokens.size());
  }
}

bool SequentialBatches::next(Batch& batch) {
  if (position_ >= n_targets()) return false;
  batch.reshape(B_, T_);
  // Rows lie end to end in the batch as their windows do in the tokens, so one copy fills all.
  const auto rest = tokens_.subspan(static_cast<std::size_t>(position_));
  const std::int64_t n = std::min(B_ * T_, n_targets() - position_);
  std::fill(std::copy_n(rest.begin(), n, batch.inputs.begin()), batch.inputs.end(), 0);
  std::fill(std::copy_n(rest.begin() + 1, n, batch.targets.begin()), batch.targets.end(),
            kIgnoreTarget);
  position_ += n;
  return true;
}

std::vector<std::int64_t> evaluation_windows(std::int64_t n_tokens, std::int64_t T,
                                             std::int64_t n) {
  check_windows_fit("evaluation windows", n_tokens, T);
  if (n < 1) fail_invalid("[evaluation windows] number: got {}, expected at least 1", n);
  const std::int64_t last = n_tokens - T - 1;
  n = std::min(n, last + 1);
  // i * last / (n - 1) without the product, which could overflow.
  const std::int64_t gaps = std::max<std::int64_t>(n - 1, 1);
  std::vector<std::int64_t> starts;
  starts.reserve(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    starts.push_back(i * (last / gaps) + i * (last % gaps) / gaps);
  }
  return starts;
}

}  // namespace alpha
