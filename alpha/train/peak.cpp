#include "alpha/train/peak.h"

#include <algorithm>
#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/matmul.h"

namespace alpha {

namespace {

/// The best rate of products of n x n matrices: for so long, and on until none has been better for
/// the length of `patience`.
double best_rate(Backend& backend, DType dtype, std::int64_t n, double patience_seconds,
                 const Clock& clock) {
  constexpr double kBudgetSeconds = 0.05;
  constexpr double kBetter = 1.02;
  const Tensor a = full(backend, {n, n}, 0.5, dtype);
  const auto size = static_cast<double>(n);
  const auto product = [&] { to_scalar(backend, matmul(backend, a, a).flat(0, 1)); };
  product();  // compiles it and wakes the threads
  double best = 0;
  double known = 0;  // the best when it was last much better than before
  const double start = clock.seconds();
  double last_better = start;
  for (double now = start; now - start < kBudgetSeconds || now - last_better < patience_seconds;) {
    const double before = now;
    product();
    now = clock.seconds();
    best = std::max(best, 2 * size * size * size / std::max(now - before, 1e-9));
    if (best < kBetter * known) continue;
    known = best;
    last_better = now;
  }
  return best;
}

}  // namespace

double measure_peak_flops(Backend& backend, DType dtype, const Clock& clock) {
  // Larger products as long as they take next to nothing: a small one tells of a GPU only how long
  // its answer takes to come back.
  constexpr double kShort = 1e-3;  // seconds
  constexpr std::int64_t kLargest = 4096;
  constexpr double kPatience = 0.5;  // seconds: as long as clocks that were down take to come up
  double best = 0;
  for (const std::int64_t n : {std::int64_t{64}, std::int64_t{256}, std::int64_t{1024}, kLargest}) {
    const double rate = best_rate(backend, dtype, n, n == kLargest ? kPatience : 0, clock);
    best = std::max(best, rate);
    if (2 * std::pow(static_cast<double>(n), 3) / rate > kShort) break;
  }
  return best;
}

}  // namespace alpha
