#include "alpha/tensor/ops/fill.h"

#include <algorithm>

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

void fill(Backend& /*backend*/, const FillArgs& args) {
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    std::fill_n(args.out.data<T>(), args.out.numel(), convert<T>(args.value));
  });
}

}  // namespace alpha::cpu_ref
