#include "alpha/tensor/ops/swiglu.h"

#include "alpha/cpu_ref/kernels/activations.h"
#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

void swiglu(Backend& /*backend*/, const SwigluArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* gate = args.gate.data<T>();
    const T* up = args.up.data<T>();
    T* out = args.out.data<T>();
    const std::int64_t n = args.gate.numel();
    for (std::int64_t i = 0; i < n; ++i) {
      out[i] = convert<T>(silu_value(gate[i]) * static_cast<double>(up[i]));
    }
  });
}

void swiglu_backward(Backend& /*backend*/, const SwigluBackwardArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* gate = args.gate.data<T>();
    const T* up = args.up.data<T>();
    const T* dy = args.dy.data<T>();
    T* dgate = args.dgate.data<T>();
    T* dup = args.dup.data<T>();
    const std::int64_t n = args.gate.numel();
    for (std::int64_t i = 0; i < n; ++i) {
      const double g = gate[i];
      const double u = up[i];
      const double d = dy[i];
      dgate[i] = convert<T>(d * u * silu_derivative(g));
      dup[i] = convert<T>(d * silu_value(g));
    }
  });
}

}  // namespace alpha::cpu_ref
