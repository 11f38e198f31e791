#include "alpha/train/peak.h"

#include <algorithm>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/matmul.h"

namespace alpha {

double measure_peak_flops(Backend& backend, DType dtype, const Clock& clock) {
  constexpr double kBudgetSeconds = 0.05;
  double best = 0;
  for (const std::int64_t n : {64, 512}) {
    const Tensor a = full(backend, {n, n}, 0.5, dtype);
    const auto size = static_cast<double>(n);
    double spent = 0;
    do {
      const double start = clock.seconds();
      to_scalar(backend, matmul(backend, a, a).flat(0, 1));
      const double seconds = std::max(clock.seconds() - start, 1e-9);
      best = std::max(best, 2 * size * size * size / seconds);
      spent += seconds;
    } while (spent < kBudgetSeconds / 2);
    if (2e9 / best * 0.13 > kBudgetSeconds) break;  // 512³ would take too long: a slow backend
  }
  return best;
}

}  // namespace alpha
