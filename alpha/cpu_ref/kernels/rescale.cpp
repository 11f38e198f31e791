#include "alpha/tensor/ops/rescale.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

void rescale(Backend& /*backend*/, const RescaleArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    using Sum = Accumulator<T>;
    const auto wanted = static_cast<double>(*args.wanted.data<Sum>());
    if (wanted == static_cast<double>(convert<Sum>(args.present))) return;
    T* x = args.x.data<T>();
    for (std::int64_t i = 0; i < args.x.numel(); ++i) {
      x[i] = convert<T>(static_cast<double>(x[i]) * (wanted / args.present));
    }
  });
}

}  // namespace alpha::cpu_ref
