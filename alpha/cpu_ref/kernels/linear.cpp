#include "alpha/tensor/ops/linear.h"

#include "alpha/cpu_ref/kernels/activations.h"
#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

template<class T, class Out>
void run(const LinearArgs& args) {
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t K = args.x.shape()[1];
  const std::int64_t M = args.weight.shape()[0];
  const T* x = args.x.data<T>();
  const T* weight = args.weight.data<T>();
  const T* bias = data_or_null<T>(args.bias);
  T* pre = data_or_null<T>(args.pre);
  Out* out = args.out.data<Out>();
  for (std::int64_t n = 0; n < N; ++n) {
    for (std::int64_t m = 0; m < M; ++m) {
      double sum = 0;
      for (std::int64_t k = 0; k < K; ++k) {
        sum += static_cast<double>(x[n * K + k]) * static_cast<double>(weight[m * K + k]);
      }
      if (bias != nullptr) sum += static_cast<double>(bias[m]);
      if (pre != nullptr) pre[n * M + m] = convert<T>(sum);
      out[n * M + m] = convert<Out>(activate(args.activation, sum));
    }
  }
}

}  // namespace

void linear(Backend& /*backend*/, const LinearArgs& args) {
  visit_floating(args.x.dtype(), args.out.dtype(),
                 [&]<class T, class Out>(TypeTag<T>, TypeTag<Out>) { run<T, Out>(args); });
}

}  // namespace alpha::cpu_ref
