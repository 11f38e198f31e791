#include "alpha/tensor/ops/gather.h"

#include <utility>

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

/// Calls f(i, at) for every index i, `at` being the element of a tensor of `shape` that it names.
template<class F>
void for_each_index(const Tensor& indices, const Shape& shape, int axis, F&& f) {
  const std::int32_t* index = indices.data<std::int32_t>();
  Strides strides = contiguous_strides(shape);
  // Along the axis the index says where to go, not the position.
  const std::int64_t axis_stride = std::exchange(strides[static_cast<std::size_t>(axis)], 0);
  walk(indices.shape(), strides,
       [&](std::int64_t i, std::int64_t at) { f(i, at + index[i] * axis_stride); });
}

}  // namespace

void gather(Backend& /*backend*/, const GatherArgs& args) {
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    T* out = args.out.data<T>();
    for_each_index(args.indices, args.x.shape(), args.axis,
                   [&](std::int64_t i, std::int64_t at) { out[i] = x[at]; });
  });
}

void scatter_add(Backend& /*backend*/, const ScatterAddArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    T* into = args.into.data<T>();
    for_each_index(
        args.indices, args.into.shape(), args.axis, [&](std::int64_t i, std::int64_t at) {
          into[at] = convert<T>(static_cast<double>(into[at]) + static_cast<double>(x[i]));
        });
  });
}

}  // namespace alpha::cpu_ref
