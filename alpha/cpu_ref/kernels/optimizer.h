#pragma once

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

/// A step of an optimizer, unless it is skipped: `step(TypeTag<T>{}, scale)`, and then what it
/// leaves for products: the parameters in the copy's dtype, if there is a copy.
template<class Args, class Step>
void run_optimizer(const Args& args, const Step& step) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T> type) {
    const double scale = *args.scale.template data<Accumulator<T>>();
    if (scale == 0) return;
    step(type, scale);
    if (!args.copy.is_defined()) return;
    visit_floating(args.copy.dtype(), [&]<class Copy>(TypeTag<Copy>) {
      const T* from = args.parameters.template data<T>();
      Copy* to = args.copy.template data<Copy>();
      const std::int64_t n = args.parameters.numel();
      for (std::int64_t i = 0; i < n; ++i) to[i] = convert<Copy>(from[i]);
    });
  });
}

}  // namespace alpha::cpu_ref
