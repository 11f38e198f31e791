#include "alpha/tensor/ops/embedding.h"

#include "alpha/helios/kernels/rows.h"
#include "alpha/helios/kernels/sort.h"
#include "alpha/helios/kernels/strides.h"

namespace alpha::helios {

void embedding(HeliosBackend& backend, const EmbeddingArgs& args) {
  const std::int64_t n = args.indices.numel();
  const std::int64_t D = args.weight.shape()[1];
  if (args.out.numel() == 0) return;
  check_visible(backend, "embedding", {args.weight});
  const bool is_whole = has_unit_rows({args.weight, args.out}, D);
  const std::size_t size = size_of(args.dtype());
  const Shader& shader = find_shader(is_whole    ? "embedding.b128"
                                     : size == 2 ? "embedding.b16"
                                                 : "embedding.b32");
  const std::int64_t n_words = is_whole ? D * static_cast<std::int64_t>(size) / kUnitBytes : D;
  for_row_pieces(backend, n, {args.out}, [&](std::int64_t begin, std::int64_t end) {
    launch_once(
        backend, shader, {},
        {args.weight, rows_of(args.indices, n, begin, end), rows_of(args.out, n, begin, end)},
        (end - begin) * n_words, u32(n_words));
  });
}

namespace {

/// dweight += what dy [n, D] has for each index.
void add_rows(HeliosBackend& backend, const Tensor& indices, const Tensor& dy,
              const Tensor& dweight) {
  constexpr std::int64_t kItems = 64;  // of a chunk of the sorted positions, as in the shaders

  struct Parameters {
    std::uint32_t n, D, n_chunks;
  };

  const std::int64_t n = indices.numel();
  const std::int64_t D = dweight.shape()[1];
  const std::int64_t n_chunks = (n + kItems - 1) / kItems;
  const Tensor order = sorted_order(backend, indices, dweight.shape()[0]);
  const Tensor parts = scratch(backend, {n_chunks, 2, D});
  const std::uint32_t n_each = columns_each({dy}, D);
  const std::uint32_t size = D <= 64 * std::int64_t{n_each} ? 64 : 128;
  const Parameters parameters = {u32(n), u32(D), u32(n_chunks)};
  const auto launch = [&](std::string_view stem, std::span<const Tensor> tensors) {
    backend.dispatch({.shader = &shader_for(stem, dy.dtype()),
                      .constants = {size, dweight.dtype() == DType::f32 ? 1U : 0U, n_each},
                      .tensors = tensors,
                      .parameters = bytes_of(parameters),
                      .groups_x = groups_for_rows(backend, n_chunks),
                      .groups_y = (u32(D) + size * n_each - 1) / (size * n_each)});
  };
  launch("embedding_backward", std::array{indices, order, dweight, parts, dy});
  if (n_chunks > 1) launch("embedding_spans", std::array{indices, order, dweight, parts});
}

}  // namespace

void embedding_backward(HeliosBackend& backend, const EmbeddingBackwardArgs& args) {
  const std::int64_t n = args.indices.numel();
  if (args.dy.numel() == 0) return;
  check_visible(backend, "embedding_backward", {args.dweight});
  // Pieces come one after another, so that the order of the rows stays.
  for_row_pieces(backend, n, {args.dy}, [&](std::int64_t begin, std::int64_t end) {
    add_rows(backend, rows_of(args.indices, n, begin, end), rows_of(args.dy, n, begin, end),
             args.dweight);
  });
}

}  // namespace alpha::helios
