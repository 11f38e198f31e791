#include "alpha/tensor/ops/gradient_scale.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

double scale_of(double norm, bool is_finite, const GradientScaleArgs& args) {
  const bool is_spike = args.spike_threshold > 0 && norm > args.spike_threshold;
  if (!is_finite || is_spike) return 0;
  return args.clip > 0 && norm > args.clip ? std::max(args.clip / norm, 0x1p-126) : 1;
}

template<class T>
void run_gradient_scale(const GradientScaleArgs& args) {
  const T* losses = args.losses.data<T>();
  const std::int64_t n = args.losses.numel();
  const double squares = *args.squares.data<double>();
  double* report = args.report.data<double>();
  bool is_finite = std::isfinite(squares);
  for (std::int64_t i = 0; i < n; ++i) {
    report[i] = losses[i];
    is_finite = is_finite && std::isfinite(report[i]);
  }
  const double scale = scale_of(std::sqrt(squares), is_finite, args);
  report[n] = squares;
  report[n + 1] = scale;
  *args.scale.data<Accumulator<T>>() = convert<Accumulator<T>>(scale);
}

}  // namespace

void gradient_scale(Backend& /*backend*/, const GradientScaleArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) { run_gradient_scale<T>(args); });
}

}  // namespace alpha::cpu_ref
