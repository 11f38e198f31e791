#include "alpha/helios/kernels/norm.h"

#include "alpha/helios/kernels/strides.h"
#include "alpha/tensor/ops/layer_norm.h"
#include "alpha/tensor/ops/rms_norm.h"

namespace alpha::helios {

namespace {

/// Rows [begin, end) of what norm_backward is given.
NormBackward piece_of(const NormBackward& args, std::int64_t N, std::int64_t begin,
                      std::int64_t end) {
  const auto piece = [&](const Tensor& tensor) {
    return tensor.is_defined() ? rows_of(tensor, N, begin, end) : tensor;
  };
  NormBackward rows = args;
  rows.x = piece(args.x);
  rows.mean = piece(args.mean);
  rows.rstd = piece(args.rstd);
  rows.dy = piece(args.dy);
  rows.dx = piece(args.dx);
  return rows;
}

struct BackwardSizes {
  std::uint32_t n_rows, n;
};

/// dweight += and dbias += the sums of parts [n_parts, 2, C].
void add_parts(HeliosBackend& backend, const NormBackward& args, const Tensor& parts,
               std::int64_t n_parts) {
  const std::int64_t C = args.weight.numel();
  const Tensor sums = scratch(backend, {2 * C});
  sum_rows(backend, parts, n_parts, 2 * C, sums, false);
  sum_rows(backend, sums.flat(0, C), 1, C, args.dweight, true);
  if (args.dbias.is_defined()) sum_rows(backend, sums.flat(C, 2 * C), 1, C, args.dbias, true);
}

/// Everything in one pass over N rows that invocations can hold, `n_held` units each.
void backward_at_once(HeliosBackend& backend, const NormBackward& args, std::int64_t N,
                      std::uint32_t is_whole, std::uint32_t n_held) {
  constexpr std::int64_t kGroups = 1024;
  const std::int64_t C = args.weight.numel();
  const std::int64_t n_groups = std::min(N, kGroups);
  const bool is_rms = !args.mean.is_defined();
  const Tensor parts = scratch(backend, {n_groups, 2 * C});
  const std::array<Tensor, 7> tensors = {
      args.x, args.weight, or_else(args.mean, args.rstd), args.rstd, args.dy, args.dx, parts};
  backend.dispatch(
      {.shader = &shader_for("norm_gradients", args.x.dtype()),
       .constants = {size_for_row(C, args.x.dtype()), is_rms ? 1U : 0U, is_whole, n_held},
       .tensors = tensors,
       .parameters = bytes_of(BackwardSizes{u32(N), u32(C)}),
       .groups_x = u32(n_groups)});
  add_parts(backend, args, parts, n_groups);
}

/// The same of rows of any length: dx, then the sums.
void backward_in_turn(HeliosBackend& backend, const NormBackward& args, std::int64_t N,
                      std::uint32_t is_whole) {
  struct WeightSizes {
    std::uint32_t n_rows, n, rows_per_part;
  };

  const std::int64_t C = args.weight.numel();
  const std::uint32_t is_rms = args.mean.is_defined() ? 0 : 1;
  const Tensor& mean = or_else(args.mean, args.rstd);
  launch_rows(backend, shader_for("norm_backward", args.x.dtype()), {is_rms, is_whole},
              {args.x, args.weight, mean, args.rstd, args.dy, args.dx}, N,
              BackwardSizes{u32(N), u32(C)}, size_for_row(C, args.x.dtype()));
  const ColumnParts cut(N, C, columns_each({args.x, args.dy}, C));
  const Tensor parts = scratch(backend, {cut.n_parts, 2 * C});
  const std::array<Tensor, 5> tensors = {args.x, mean, args.rstd, args.dy, parts};
  backend.dispatch({.shader = &shader_for("norm_weights", args.x.dtype()),
                    .constants = {kColumnsOfGroup, is_rms, cut.n_each},
                    .tensors = tensors,
                    .parameters = bytes_of(WeightSizes{u32(N), u32(C), u32(cut.rows_per_part)}),
                    .groups_x = cut.n_groups,
                    .groups_y = u32(cut.n_parts)});
  add_parts(backend, args, parts, cut.n_parts);
}

}  // namespace

void norm_forward(HeliosBackend& backend, const NormForward& args) {
  struct Parameters {
    std::uint32_t n_rows, n;
    float eps;
  };

  const std::int64_t N = args.x.shape().rows();
  const std::int64_t C = args.x.shape().back();
  if (args.x.numel() == 0) return;
  const Shader& shader = shader_for("norm", args.x.dtype());
  const bool is_rms = !args.mean.is_defined();
  const std::uint32_t is_whole =
      has_unit_rows({args.x, args.weight, or_else(args.bias, args.weight), args.out}, C) ? 1 : 0;
  for_row_pieces(backend, N, {args.x, args.out}, [&](std::int64_t begin, std::int64_t end) {
    const Tensor rstd = rows_of(args.rstd, N, begin, end);
    const Tensor mean = is_rms ? rstd : rows_of(args.mean, N, begin, end);
    const Parameters parameters = {u32(end - begin), u32(C), static_cast<float>(args.eps)};
    launch_rows(backend, shader, {is_rms ? 1U : 0U, args.bias.is_defined() ? 1U : 0U, is_whole},
                {rows_of(args.x, N, begin, end), args.weight, or_else(args.bias, args.weight),
                 rows_of(args.out, N, begin, end), mean, rstd},
                end - begin, parameters, size_for_row(C, args.x.dtype()));
  });
}

void norm_backward(HeliosBackend& backend, const NormBackward& args) {
  constexpr std::int64_t kMostHeld = 2;  // units of a row that an invocation holds
  const std::int64_t N = args.x.shape().rows();
  const std::int64_t C = args.x.shape().back();
  if (args.x.numel() == 0) return;
  const std::uint32_t is_whole = has_unit_rows({args.x, args.weight, args.dy, args.dx}, C) ? 1 : 0;
  const std::int64_t n_at_once = std::int64_t{size_for_row(C, args.x.dtype())} * kUnitBytes /
                                 static_cast<std::int64_t>(size_of(args.x.dtype()));
  const std::int64_t n_held = (C + n_at_once - 1) / n_at_once;
  for_row_pieces(backend, N, {args.x, args.dx}, [&](std::int64_t begin, std::int64_t end) {
    const NormBackward rows = piece_of(args, N, begin, end);
    if (n_held <= kMostHeld) {
      backward_at_once(backend, rows, end - begin, is_whole, u32(n_held));
    } else {
      backward_in_turn(backend, rows, end - begin, is_whole);
    }
  });
}

void layer_norm(HeliosBackend& backend, const LayerNormArgs& args) {
  norm_forward(backend, {args.x, args.weight, args.bias, args.out, args.mean, args.rstd, args.eps});
}

void layer_norm_backward(HeliosBackend& backend, const LayerNormBackwardArgs& args) {
  norm_backward(backend, {args.x, args.weight, args.mean, args.rstd, args.dy, args.dx, args.dweight,
                          args.dbias});
}

void rms_norm(HeliosBackend& backend, const RmsNormArgs& args) {
  norm_forward(backend, {args.x, args.weight, {}, args.out, {}, args.rstd, args.eps});
}

void rms_norm_backward(HeliosBackend& backend, const RmsNormBackwardArgs& args) {
  norm_backward(backend, {args.x, args.weight, {}, args.rstd, args.dy, args.dx, args.dweight, {}});
}

}  // namespace alpha::helios
