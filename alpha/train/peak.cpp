#include "alpha/train/peak.h"

#include <algorithm>

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
  constexpr double kSlow = 2e10;  // a backend below this rate needs no large product to show it
  const double small = best_rate(backend, dtype, 64, 0.01, clock);
  return small < kSlow ? small : std::max(small, best_rate(backend, dtype, 1024, 0.2, clock));
}

}  // namespace alpha
