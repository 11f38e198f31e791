#include "alpha/tensor/ops/adamw.h"

#include "alpha/cpu_ref/kernels/optimizer.h"

namespace alpha::cpu_ref {

namespace {

// Every intermediate that the original stores (p after decay, m, v) is rounded before it is used.
template<class T>
void step(const AdamwArgs& args, double scale) {
  T* parameters = args.parameters.data<T>();
  const T* gradients = args.gradients.data<T>();
  T* ms = args.m.data<T>();
  T* vs = args.v.data<T>();
  const std::int64_t n = args.parameters.numel();
  for (std::int64_t i = 0; i < n; ++i) {
    const double g = scale * static_cast<double>(gradients[i]);
    const double p = parameters[i];
    const double decayed = convert<T>(p - args.lr * args.weight_decay * p);
    ms[i] = convert<T>(args.beta1 * static_cast<double>(ms[i]) + (1 - args.beta1) * g);
    vs[i] = convert<T>(args.beta2 * static_cast<double>(vs[i]) + (1 - args.beta2) * g * g);
    const double m = static_cast<double>(ms[i]) / args.bias_correction1;
    const double v = static_cast<double>(vs[i]) / args.bias_correction2;
    parameters[i] = convert<T>(decayed - args.lr * m / (std::sqrt(v) + args.eps));
  }
}

}  // namespace

void adamw(Backend& /*backend*/, const AdamwArgs& args) {
  run_optimizer(args, [&]<class T>(TypeTag<T>, double scale) { step<T>(args, scale); });
}

}  // namespace alpha::cpu_ref
