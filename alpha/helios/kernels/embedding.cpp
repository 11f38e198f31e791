#include "alpha/tensor/ops/embedding.h"

#include "alpha/helios/kernels/rows.h"
#include "alpha/helios/kernels/strides.h"

namespace alpha::helios {

void embedding(HeliosBackend& backend, const EmbeddingArgs& args) {
  const std::int64_t n = args.indices.numel();
  const std::int64_t D = args.weight.shape()[1];
  if (args.out.numel() == 0) return;
  check_visible(backend, "embedding", {args.weight});
  const Shader& shader =
      find_shader(size_of(args.dtype()) == 2 ? "embedding.b16" : "embedding.b32");
  for_row_pieces(backend, n, {args.out}, [&](std::int64_t begin, std::int64_t end) {
    launch_once(
        backend, shader, {},
        {args.weight, rows_of(args.indices, n, begin, end), rows_of(args.out, n, begin, end)},
        (end - begin) * D, static_cast<std::uint32_t>(D));
  });
}

void embedding_backward(HeliosBackend& backend, const EmbeddingBackwardArgs& args) {
  struct Parameters {
    std::uint32_t n, D;
  };

  const std::int64_t n = args.indices.numel();
  const std::int64_t D = args.dweight.shape()[1];
  if (args.dy.numel() == 0) return;
  check_visible(backend, "embedding_backward", {args.dweight});
  const Shader& shader = shader_for("embedding_backward", args.dtype());
  // Pieces come one after another, so that the order of the rows stays.
  for_row_pieces(backend, n, {args.dy}, [&](std::int64_t begin, std::int64_t end) {
    const Parameters parameters = {static_cast<std::uint32_t>(end - begin),
                                   static_cast<std::uint32_t>(D)};
    launch_rows(
        backend, shader, {args.dweight.dtype() == DType::f32 ? 1U : 0U},
        {rows_of(args.indices, n, begin, end), rows_of(args.dy, n, begin, end), args.dweight},
        end - begin, parameters);
  });
}

}  // namespace alpha::helios
