#include "alpha/tensor/ops/layout.h"

#include <utility>

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

/// Position of element `index` in a contiguous tensor.
std::int64_t offset_of(const Index& index, const Strides& strides, int rank) {
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(rank); ++axis) {
    offset += index[axis] * strides[axis];
  }
  return offset;
}

}  // namespace

void transpose(Backend& /*backend*/, const TransposeArgs& args) {
  Strides strides = contiguous_strides(args.x.shape());
  std::swap(strides[static_cast<std::size_t>(args.axis0)],
            strides[static_cast<std::size_t>(args.axis1)]);
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    T* out = args.out.data<T>();
    walk(args.out.shape(), strides, [&](std::int64_t i, std::int64_t at) { out[i] = x[at]; });
  });
}

void slice(Backend& /*backend*/, const SliceArgs& args) {
  const Strides strides = contiguous_strides(args.x.shape());
  const std::int64_t first = offset_of(args.starts, strides, args.x.rank());
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    T* out = args.out.data<T>();
    walk(args.out.shape(), strides,
         [&](std::int64_t i, std::int64_t at) { out[i] = x[first + at]; });
  });
}

void write_slice(Backend& /*backend*/, const WriteSliceArgs& args) {
  const Strides strides = contiguous_strides(args.into.shape());
  const std::int64_t first = offset_of(args.starts, strides, args.into.rank());
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    T* into = args.into.data<T>();
    walk(args.x.shape(), strides,
         [&](std::int64_t i, std::int64_t at) { into[first + at] = x[i]; });
  });
}

}  // namespace alpha::cpu_ref
