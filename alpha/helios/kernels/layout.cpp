#include "alpha/tensor/ops/layout.h"

#include "alpha/helios/kernels/strides.h"
#include "alpha/tensor/ops/reduce.h"

namespace alpha::helios {

namespace {

struct Parameters {
  std::uint32_t rank;
  std::uint32_t x_base;
  std::uint32_t out_base;
  std::array<std::uint32_t, kMaxRank> sizes;
  std::array<std::array<std::uint32_t, kMaxRank>, 2> strides;
};

struct Side {
  const Tensor& tensor;
  Strides strides;
  std::int64_t base = 0;
};

const Shader& copy_shader(DType dtype) {
  return find_shader(size_of(dtype) == 2 ? "copy.b16" : "copy.b32");
}

/// Copies a box of positions from one tensor to another.
void copy(HeliosBackend& backend, std::string_view op, const Shape& shape, const Side& from,
          const Side& to) {
  if (shape.numel() == 0) return;
  check_visible(backend, op, {from.tensor, to.tensor});
  const auto walk = make_walk<2>(shape, {from.strides, to.strides});
  const Parameters parameters = {walk.rank, static_cast<std::uint32_t>(from.base),
                                 static_cast<std::uint32_t>(to.base), walk.sizes, walk.strides};
  launch_once(backend, copy_shader(from.tensor.dtype()), {}, {from.tensor, to.tensor},
              shape.numel(), parameters);
}

std::int64_t base_of(const Index& starts, const Strides& strides, int rank) {
  std::int64_t base = 0;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(rank); ++axis) {
    base += starts[axis] * strides[axis];
  }
  return base;
}

}  // namespace

void transpose(HeliosBackend& backend, const TransposeArgs& args) {
  Strides strides = contiguous_strides(args.x.shape());
  std::swap(strides[static_cast<std::size_t>(args.axis0)],
            strides[static_cast<std::size_t>(args.axis1)]);
  copy(backend, "transpose", args.out.shape(), {args.x, strides},
       {args.out, contiguous_strides(args.out.shape())});
}

void slice(HeliosBackend& backend, const SliceArgs& args) {
  const Strides strides = contiguous_strides(args.x.shape());
  copy(backend, "slice", args.out.shape(),
       {args.x, strides, base_of(args.starts, strides, args.x.rank())},
       {args.out, contiguous_strides(args.out.shape())});
}

void write_slice(HeliosBackend& backend, const WriteSliceArgs& args) {
  const Strides strides = contiguous_strides(args.into.shape());
  copy(backend, "write_slice", args.x.shape(), {args.x, contiguous_strides(args.x.shape())},
       {args.into, strides, base_of(args.starts, strides, args.into.rank())});
}

void broadcast_to(HeliosBackend& backend, const BroadcastToArgs& args) {
  const Shape& shape = args.out.shape();
  copy(backend, "broadcast_to", shape, {args.x, broadcast_strides(args.x.shape(), shape)},
       {args.out, contiguous_strides(shape)});
}

}  // namespace alpha::helios
