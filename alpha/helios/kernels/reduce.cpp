#include "alpha/tensor/ops/reduce.h"

#include "alpha/helios/kernels/rows.h"
#include "alpha/helios/kernels/strides.h"
#include "alpha/tensor/ops/fill.h"

namespace alpha::helios {

void fill(HeliosBackend& backend, const FillArgs& args);

namespace {

constexpr std::size_t kAxes = 3;            // of a box, as the shader has it
constexpr std::int64_t kMostGroups = 1024;  // of a sum of squares

struct Box {
  std::array<std::uint32_t, kAxes> sizes = {1, 1, 1};
  std::array<std::uint32_t, kAxes> strides = {};
  std::uint32_t rank = 0;

  void add(std::int64_t size, std::int64_t stride) {
    if (size == 1) return;
    if (rank > 0 && strides[rank - 1] == stride * size) {
      sizes[rank - 1] *= static_cast<std::uint32_t>(size);
      strides[rank - 1] = static_cast<std::uint32_t>(stride);
      return;
    }
    ALPHA_CHECK(rank < kAxes, "of six axes, at most three are kept or summed apart");
    sizes[rank] = static_cast<std::uint32_t>(size);
    strides[rank++] = static_cast<std::uint32_t>(stride);
  }
};

/// Sums over a box for each result. Kept and summed axes take turns, so that neither has more than
/// three that are apart.
void sum_boxes(HeliosBackend& backend, const SumToArgs& args) {
  struct Parameters {
    std::uint32_t n_results, n_summed;
    std::array<std::uint32_t, kAxes> kept_sizes, kept_strides, sizes, strides;
  };

  const Shape& shape = args.x.shape();
  const Shape& out_shape = args.out.shape();
  check_visible(backend, "sum_to", {args.x});
  const Strides strides = contiguous_strides(shape);
  const int n_new_axes = shape.rank() - out_shape.rank();
  Box kept;
  Box summed;
  std::int64_t n_summed = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool is_kept = axis >= n_new_axes && out_shape[axis - n_new_axes] == shape[axis];
    (is_kept ? kept : summed).add(shape[axis], strides[static_cast<std::size_t>(axis)]);
    if (!is_kept) n_summed *= shape[axis];
  }
  const Parameters parameters = {static_cast<std::uint32_t>(args.out.numel()),
                                 static_cast<std::uint32_t>(n_summed),
                                 kept.sizes,
                                 kept.strides,
                                 summed.sizes,
                                 summed.strides};
  launch_rows(backend, shader_for("sum_box", args.dtype()),
              {args.is_accumulating ? 1U : 0U, args.out.dtype() == DType::f32 ? 1U : 0U},
              {args.x, args.out}, args.out.numel(), parameters);
}

/// Whether out is the last axes of x: then rows are summed.
bool is_sum_of_rows(const Shape& shape, const Shape& out_shape) {
  std::int64_t n = 1;
  int axis = 0;
  for (; axis < out_shape.rank() && out_shape[axis] == 1; ++axis) {
  }
  const int n_new_axes = shape.rank() - out_shape.rank();
  for (int i = axis; i < out_shape.rank(); ++i) {
    if (out_shape[i] != shape[i + n_new_axes]) return false;
    n *= out_shape[i];
  }
  return n >= 16;
}

}  // namespace

void sum_to(HeliosBackend& backend, const SumToArgs& args) {
  if (args.out.numel() == 0) return;
  if (args.x.numel() == 0) {
    if (!args.is_accumulating) fill(backend, {.out = args.out, .value = 0});
    return;
  }
  if (is_sum_of_rows(args.x.shape(), args.out.shape())) {
    const std::int64_t n = args.out.numel();
    return sum_rows(backend, args.x, args.x.numel() / n, n, args.out, args.is_accumulating);
  }
  sum_boxes(backend, args);
}

void sum_squares(HeliosBackend& backend, const SumSquaresArgs& args) {
  const std::int64_t n = args.x.numel();
  const std::int64_t piece = piece_of(backend, {args.x});
  if (n == 0) return backend.zero(args.out);
  const Shader& shader = shader_for("sum_squares", args.dtype());
  const auto groups_of = [](std::int64_t size) {
    return std::clamp<std::int64_t>((size + kWorkgroup - 1) / kWorkgroup, 1, kMostGroups);
  };
  std::int64_t n_pairs = 0;
  for (std::int64_t begin = 0; begin < n; begin += piece) {
    n_pairs += groups_of(std::min(n, begin + piece) - begin);
  }
  const Tensor pairs = scratch(backend, {n_pairs * 2});
  std::int64_t at = 0;
  const auto launch = [&](const Tensor& x, const Tensor& to, std::int64_t size,
                          std::uint32_t is_final, std::int64_t n_groups) {
    const std::array<Tensor, 3> tensors = {x, to, args.out};
    const auto parameters = static_cast<std::uint32_t>(size);
    backend.dispatch({.shader = &shader,
                      .constants = {kWorkgroup, is_final},
                      .tensors = tensors,
                      .parameters = bytes_of(parameters),
                      .groups_x = static_cast<std::uint32_t>(n_groups)});
  };
  for (std::int64_t begin = 0; begin < n; begin += piece) {
    const std::int64_t end = std::min(n, begin + piece);
    const std::int64_t n_groups = groups_of(end - begin);
    launch(args.x.flat(begin, end), pairs.flat(2 * at, 2 * (at + n_groups)), end - begin, 0,
           n_groups);
    at += n_groups;
  }
  launch(args.x.flat(0, std::min(n, piece)), pairs, n_pairs, 1, 1);
}

}  // namespace alpha::helios
