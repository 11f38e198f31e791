#include "alpha/tensor/ops/masked_fill.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

void masked_fill(Backend& /*backend*/, const MaskedFillArgs& args) {
  const Shape& shape = args.x.shape();
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    const T* mask = args.mask.data<T>();
    T* out = args.out.data<T>();
    const T value = convert<T>(args.value);
    walk(shape, broadcast_strides(args.mask.shape(), shape),
         [&](std::int64_t i, std::int64_t at) { out[i] = mask[at] != 0 ? value : x[i]; });
  });
}

}  // namespace alpha::cpu_ref
