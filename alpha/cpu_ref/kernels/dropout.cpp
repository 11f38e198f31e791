#include "alpha/tensor/ops/dropout.h"

#include "alpha/cpu_ref/kernels/dropout_mask.h"
#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

void dropout(Backend& /*backend*/, const DropoutArgs& args) {
  const DropoutMask mask(args.key, args.p);
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    T* out = args.out.data<T>();
    const std::int64_t n = args.x.numel();
    for (std::int64_t i = 0; i < n; ++i) out[i] = convert<T>(mask.apply(x[i], i));
  });
}

void residual_dropout(Backend& /*backend*/, const ResidualDropoutArgs& args) {
  const DropoutMask mask(args.key, args.p);
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* residual = args.residual.data<T>();
    const T* x = args.x.data<T>();
    T* out = args.out.data<T>();
    const std::int64_t n = args.x.numel();
    for (std::int64_t i = 0; i < n; ++i) {
      out[i] = convert<T>(static_cast<double>(residual[i]) + mask.apply(x[i], i));
    }
  });
}

}  // namespace alpha::cpu_ref
