#include "alpha/tensor/ops/cross_entropy.h"

#include "alpha/helios/kernels/rows.h"

namespace alpha::helios {

namespace {

struct RowParameters {
  std::uint32_t n_rows;
  std::uint32_t n;
  std::int32_t ignored;
};

struct GradientParameters {
  RowParameters rows;
  float dloss;
};

struct MeanParameters {
  std::uint32_t n_rows;
  std::int32_t ignored;
};

/// out = the mean of losses over the rows that count, or the number of those.
void mean_loss(HeliosBackend& backend, bool is_count, const Tensor& losses, const Tensor& targets,
               const Tensor& out, std::int32_t ignored) {
  const MeanParameters parameters = {static_cast<std::uint32_t>(targets.numel()), ignored};
  const std::array<Tensor, 3> tensors = {losses, targets, out};
  backend.dispatch({.shader = &find_shader("mean_loss"),
                    .constants = {kWorkgroup, is_count ? 1U : 0U},
                    .tensors = tensors,
                    .parameters = bytes_of(parameters)});
}

/// Invocations for a row that is looked at twice: of long rows as many as a device allows, so that
/// few rows are under way at once and a cache holds them.
std::uint32_t size_for_two_looks(const HeliosBackend& backend, std::int64_t V, DType dtype) {
  constexpr std::int64_t kLong = 16'384;
  constexpr std::uint32_t kMost = 1024;
  if (V < kLong) return size_for_row(V, dtype);
  return std::min(kMost, backend.device().info().max_workgroup_size);
}

}  // namespace

void cross_entropy(HeliosBackend& backend, const CrossEntropyArgs& args) {
  const std::int64_t N = args.logits.shape()[0];
  const std::int64_t V = args.logits.shape()[1];
  if (N == 0) return backend.zero(args.loss);
  const Shader& shader = shader_for("cross_entropy", args.dtype());
  const Tensor losses = scratch(backend, {N});
  const std::uint32_t is_whole = has_unit_rows({args.logits}, V) ? 1 : 0;
  for_row_pieces(backend, N, {args.logits}, [&](std::int64_t begin, std::int64_t end) {
    const RowParameters parameters = {u32(end - begin), u32(V), args.ignore_index};
    launch_rows(backend, shader, {is_whole},
                {rows_of(args.logits, N, begin, end), rows_of(args.targets, N, begin, end),
                 rows_of(losses, N, begin, end)},
                end - begin, parameters, size_for_row(V, args.dtype()));
  });
  mean_loss(backend, false, losses, args.targets, args.loss, args.ignore_index);
}

void cross_entropy_gradient(HeliosBackend& backend, const CrossEntropyGradientArgs& args) {
  const std::int64_t N = args.logits.shape()[0];
  const std::int64_t V = args.logits.shape()[1];
  if (N == 0) return backend.zero(args.loss);
  const Shader& shader = shader_for("cross_entropy_gradient", args.dtype());
  const Tensor losses = scratch(backend, {N});
  const Tensor count = scratch(backend, {1});
  mean_loss(backend, true, losses, args.targets, count, args.ignore_index);
  constexpr std::int64_t kEight = 8;  // numbers that are computed together, as in the shader
  const std::uint32_t is_whole =
      V % kEight == 0 && has_unit_rows({args.logits, args.dlogits}, V) ? 1 : 0;
  for_row_pieces(
      backend, N, {args.logits, args.dlogits}, [&](std::int64_t begin, std::int64_t end) {
        const GradientParameters parameters = {{u32(end - begin), u32(V), args.ignore_index},
                                               static_cast<float>(args.dloss)};
        launch_rows(backend, shader, {is_whole, number_of(args.dlogits.dtype())},
                    {rows_of(args.logits, N, begin, end), rows_of(args.targets, N, begin, end),
                     rows_of(losses, N, begin, end), count, rows_of(args.dlogits, N, begin, end)},
                    end - begin, parameters, size_for_two_looks(backend, V, args.dtype()));
      });
  mean_loss(backend, false, losses, args.targets, args.loss, args.ignore_index);
}

}  // namespace alpha::helios
