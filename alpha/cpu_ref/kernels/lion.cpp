#include "alpha/tensor/ops/lion.h"

#include "alpha/cpu_ref/kernels/optimizer.h"

namespace alpha::cpu_ref {

namespace {

template<class T>
void step(const LionArgs& args, double scale) {
  T* parameters = args.parameters.data<T>();
  const T* gradients = args.gradients.data<T>();
  T* ms = args.m.data<T>();
  const std::int64_t n = args.parameters.numel();
  for (std::int64_t i = 0; i < n; ++i) {
    const double g = scale * static_cast<double>(gradients[i]);
    const double p = parameters[i];
    const double m = ms[i];
    const double mean = args.beta1 * m + (1 - args.beta1) * g;
    const double sign = mean > 0 ? 1 : mean < 0 ? -1 : mean;
    parameters[i] = convert<T>(p - args.lr * args.weight_decay * p - args.lr * sign);
    ms[i] = convert<T>(args.beta2 * m + (1 - args.beta2) * g);
  }
}

}  // namespace

void lion(Backend& /*backend*/, const LionArgs& args) {
  run_optimizer(args, [&]<class T>(TypeTag<T>, double scale) { step<T>(args, scale); });
}

}  // namespace alpha::cpu_ref
