#include "alpha/tensor/ops/sgd.h"

#include "alpha/cpu_ref/kernels/optimizer.h"

namespace alpha::cpu_ref {

namespace {

template<class T>
void step(const SgdArgs& args, double scale) {
  T* parameters = args.parameters.data<T>();
  const T* gradients = args.gradients.data<T>();
  T* ms = data_or_null<T>(args.m);
  const std::int64_t n = args.parameters.numel();
  for (std::int64_t i = 0; i < n; ++i) {
    const double g = scale * static_cast<double>(gradients[i]);
    const double p = parameters[i];
    double step = g;
    if (ms != nullptr) {
      ms[i] = convert<T>(args.momentum * static_cast<double>(ms[i]) + g);
      step = ms[i];
    }
    parameters[i] = convert<T>(p - args.lr * args.weight_decay * p - args.lr * step);
  }
}

}  // namespace

void sgd(Backend& /*backend*/, const SgdArgs& args) {
  run_optimizer(args, [&]<class T>(TypeTag<T>, double scale) { step<T>(args, scale); });
}

}  // namespace alpha::cpu_ref
