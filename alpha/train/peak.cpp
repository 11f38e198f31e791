#include "alpha/train/peak.h"

#include <algorithm>
#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/matmul.h"

namespace alpha {

namespace {

/// The best rate of a few products of n x n matrices.
double best_rate(Backend& backend, DType dtype, std::int64_t n, double budget_seconds,
                 const Clock& clock) {
  const Tensor a = full(backend, {n, n}, 0.5, dtype);
  const auto size = static_cast<double>(n);
  const auto product = [&] { to_scalar(backend, matmul(backend, a, a).flat(0, 1)); };
  product();  // compiles it and wakes the threads
  double best = 0;
  for (const double start = clock.seconds(); clock.seconds() - start < budget_seconds;) {
    const double before = clock.seconds();
    product();
    best = std::max(best, 2 * size * size * size / std::max(clock.seconds() - before, 1e-9));
  }
  return best;
}

}  // namespace

double measure_peak_flops(Backend& backend, DType dtype, const Clock& clock) {
  // Larger products as long as they take next to nothing: a small one tells of a GPU only how long
  // its answer takes to come back.
  constexpr double kShort = 1e-3;  // seconds
  double best = 0;
  for (const std::int64_t n : {64, 256, 1024, 4096}) {
    const double rate = best_rate(backend, dtype, n, 0.05, clock);
    best = std::max(best, rate);
    if (2 * std::pow(static_cast<double>(n), 3) / rate > kShort) break;
  }
  return best;
}

}  // namespace alpha
