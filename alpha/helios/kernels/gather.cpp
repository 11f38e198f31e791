#include "alpha/tensor/ops/gather.h"

#include "alpha/helios/kernels/rows.h"
#include "alpha/helios/kernels/strides.h"
#include "alpha/tensor/ops/topk.h"

namespace alpha::helios {

void gather(HeliosBackend& backend, const GatherArgs& args) {
  struct Parameters {
    std::uint32_t rank, axis_stride;
    std::array<std::uint32_t, kMaxRank> sizes, x_strides;
  };

  const Shape& shape = args.indices.shape();
  if (shape.numel() == 0) return;
  check_visible(backend, "gather", {args.x, args.indices});
  Strides strides = contiguous_strides(args.x.shape());
  const std::int64_t axis_stride = std::exchange(strides[static_cast<std::size_t>(args.axis)], 0);
  const auto walk = make_walk<1>(shape, {strides});
  const Parameters parameters = {walk.rank, u32(axis_stride), walk.sizes, walk.strides[0]};
  launch_once(backend, find_shader(size_of(args.dtype()) == 2 ? "gather.b16" : "gather.b32"), {},
              {args.x, args.indices, args.out}, shape.numel(), parameters);
}

void scatter_add(HeliosBackend& backend, const ScatterAddArgs& args) {
  struct Parameters {
    std::uint32_t rank, axis_size, x_axis_stride, into_axis_stride;
    std::array<std::uint32_t, kMaxRank> sizes, x_strides, into_strides;
  };

  const Shape& shape = args.x.shape();
  if (shape.numel() == 0) return;
  check_visible(backend, "scatter_add", {args.x, args.into});
  const auto axis = static_cast<std::size_t>(args.axis);
  const Strides x_strides = contiguous_strides(shape);
  const Strides into_strides = contiguous_strides(args.into.shape());
  const Shape lines = shape.with(args.axis, 1);
  const auto walk = make_walk<2>(lines, {x_strides, into_strides});
  const Parameters parameters = {
      walk.rank,  u32(shape[args.axis]), u32(x_strides[axis]), u32(into_strides[axis]),
      walk.sizes, walk.strides[0],       walk.strides[1]};
  launch_once(backend, shader_for("scatter_add", args.dtype()), {},
              {args.x, args.indices, args.into}, lines.numel(), parameters);
}

namespace {

void launch_topk(HeliosBackend& backend, const Tensor& x, int axis, std::int64_t k,
                 const Tensor& values, const Tensor& indices) {
  struct Parameters {
    std::uint32_t n_lines, n, inner, k;
  };

  if (indices.numel() == 0) return;
  check_visible(backend, "topk", {x});
  const Lines lines(x.shape(), axis);
  const Parameters parameters = {u32(lines.n_lines), u32(lines.n), u32(lines.inner), u32(k)};
  const bool has_values = values.is_defined();
  launch_rows(backend, shader_for("topk", x.dtype()), {has_values ? 1U : 0U},
              {x, has_values ? values : indices, indices}, lines.n_lines, parameters);
}

}  // namespace

void topk(HeliosBackend& backend, const TopkArgs& args) {
  launch_topk(backend, args.x, args.axis, args.values.shape()[args.axis], args.values,
              args.indices);
}

void argmax(HeliosBackend& backend, const ArgmaxArgs& args) {
  launch_topk(backend, args.x, args.axis, 1, {}, args.out);
}

}  // namespace alpha::helios
