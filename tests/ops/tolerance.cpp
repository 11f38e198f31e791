#include "tests/ops/tolerance.h"

#include "tests/ops/op_inputs.h"
#include <fmt/format.h>

namespace alpha::test {

namespace {

double allowed_error(double truth, DType dtype, const Allowance& allowance) {
  if (allowance.factor == 0) return 0;
  const auto [epsilon, floor] = tolerance(dtype);
  return floor + allowance.factor * epsilon * (allowance.magnitude + std::abs(truth));
}

}  // namespace

bool is_close(double x, double truth, DType dtype, const Allowance& allowance) {
  if (std::isnan(truth)) return std::isnan(x);
  const double stored = is_floating(dtype) ? quantize(truth, dtype) : truth;
  if (std::isinf(stored)) return x == stored;
  return x == truth || std::abs(x - truth) <= allowed_error(truth, dtype, allowance);
}

std::optional<std::string> worst_mismatch(std::span<const double> x, std::span<const double> truth,
                                          DType dtype, const Allowance& allowance) {
  std::optional<std::size_t> worst;
  double worst_excess = 0;
  std::size_t n_mismatches = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (is_close(x[i], truth[i], dtype, allowance)) continue;
    ++n_mismatches;
    const double error = std::abs(x[i] - truth[i]);
    const double excess = std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
    if (!worst || excess > worst_excess) {
      worst = i;
      worst_excess = excess;
    }
  }
  if (!worst) return std::nullopt;
  return fmt::format("{} of {} elements are off, worst at {}: got {}, expected {} within {}",
                     n_mismatches, x.size(), *worst, x[*worst], truth[*worst],
                     allowed_error(truth[*worst], dtype, allowance));
}

}  // namespace alpha::test
