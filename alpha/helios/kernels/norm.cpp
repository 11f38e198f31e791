#include "alpha/helios/kernels/norm.h"

#include "alpha/helios/kernels/strides.h"
#include "alpha/tensor/ops/layer_norm.h"
#include "alpha/tensor/ops/rms_norm.h"

namespace alpha::helios {

namespace {

/// dweight += and dbias += what rows [begin, end) bring.
void add_weights(HeliosBackend& backend, const NormBackward& args, std::int64_t N, std::int64_t C,
                 std::int64_t begin, std::int64_t end) {
  struct Parameters {
    std::uint32_t n_rows, n, rows_per_part;
  };

  const ColumnParts cut(end - begin, C, columns_each({args.x, args.dy}, C));
  const Tensor parts = scratch(backend, {cut.n_parts, 2 * C});
  const bool is_rms = !args.mean.is_defined();
  const Tensor rstd = rows_of(args.rstd, N, begin, end);
  const std::array<Tensor, 5> tensors = {rows_of(args.x, N, begin, end),
                                         is_rms ? rstd : rows_of(args.mean, N, begin, end), rstd,
                                         rows_of(args.dy, N, begin, end), parts};
  const Parameters parameters = {u32(end - begin), u32(C), u32(cut.rows_per_part)};
  backend.dispatch({.shader = &shader_for("norm_weights", args.x.dtype()),
                    .constants = {kColumnInvocations, is_rms ? 1U : 0U, cut.n_each},
                    .tensors = tensors,
                    .parameters = bytes_of(parameters),
                    .groups_x = cut.n_groups,
                    .groups_y = u32(cut.n_parts)});
  // Both sums stand side by side in a row of the parts.
  const Tensor sums = scratch(backend, {2 * C});
  sum_rows(backend, parts, cut.n_parts, 2 * C, sums, false);
  sum_rows(backend, sums.flat(0, C), 1, C, args.dweight, true);
  if (args.dbias.is_defined()) sum_rows(backend, sums.flat(C, 2 * C), 1, C, args.dbias, true);
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
  struct Parameters {
    std::uint32_t n_rows, n;
  };

  const std::int64_t N = args.x.shape().rows();
  const std::int64_t C = args.x.shape().back();
  if (args.x.numel() == 0) return;
  const Shader& shader = shader_for("norm_backward", args.x.dtype());
  const bool is_rms = !args.mean.is_defined();
  const std::uint32_t is_whole = has_unit_rows({args.x, args.weight, args.dy, args.dx}, C) ? 1 : 0;
  for_row_pieces(backend, N, {args.x, args.dx}, [&](std::int64_t begin, std::int64_t end) {
    const Tensor rstd = rows_of(args.rstd, N, begin, end);
    const Tensor mean = is_rms ? rstd : rows_of(args.mean, N, begin, end);
    const Parameters parameters = {u32(end - begin), u32(C)};
    launch_rows(backend, shader, {is_rms ? 1U : 0U, is_whole},
                {rows_of(args.x, N, begin, end), args.weight, mean, rstd,
                 rows_of(args.dy, N, begin, end), rows_of(args.dx, N, begin, end)},
                end - begin, parameters, size_for_row(C, args.x.dtype()));
    add_weights(backend, args, N, C, begin, end);
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
