#include "alpha/tensor/ops/reduce.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

template<class T, class Out>
void run_sum_to(const SumToArgs& args) {
  const Shape& shape = args.x.shape();
  const Shape& out_shape = args.out.shape();
  // x is [kept axes] of results, each the sum over a box of [reduced axes].
  Shape kept = shape;
  Shape reduced = shape;
  const int n_new_axes = shape.rank() - out_shape.rank();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool is_kept = axis >= n_new_axes && out_shape[axis - n_new_axes] == shape[axis];
    (is_kept ? reduced : kept) = (is_kept ? reduced : kept).with(axis, 1);
  }
  const T* x = args.x.data<T>();
  Out* out = args.out.data<Out>();
  const Strides strides = contiguous_strides(shape);
  walk(kept, strides, [&](std::int64_t i, std::int64_t first) {
    double sum = args.is_accumulating ? static_cast<double>(out[i]) : 0.0;
    walk(reduced, strides,
         [&](std::int64_t /*i*/, std::int64_t at) { sum += static_cast<double>(x[first + at]); });
    out[i] = convert<Out>(sum);
  });
}

}  // namespace

void sum_to(Backend& /*backend*/, const SumToArgs& args) {
  visit_floating(args.x.dtype(), args.out.dtype(),
                 [&]<class T, class Out>(TypeTag<T>, TypeTag<Out>) { run_sum_to<T, Out>(args); });
}

void broadcast_to(Backend& /*backend*/, const BroadcastToArgs& args) {
  const Shape& shape = args.out.shape();
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    T* out = args.out.data<T>();
    walk(shape, broadcast_strides(args.x.shape(), shape),
         [&](std::int64_t i, std::int64_t at) { out[i] = x[at]; });
  });
}

void sum_squares(Backend& /*backend*/, const SumSquaresArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    const std::int64_t n = args.x.numel();
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = x[i];
      sum += value * value;
    }
    *args.out.data<double>() = sum;
  });
}

}  // namespace alpha::cpu_ref
