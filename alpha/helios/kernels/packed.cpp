#include "alpha/tensor/ops/packed.h"

#include "alpha/helios/kernels/rows.h"
#include "alpha/tensor/host_memory.h"

namespace alpha::helios {

namespace {

std::uint32_t number_of(WeightFormat format) {
  return static_cast<std::uint32_t>(format);
}

/// Rows of x as integers, four in a word, with a scale for each block.
struct RoundedRows {
  Tensor words;
  Tensor scales;
};

RoundedRows round_rows(HeliosBackend& backend, const Tensor& x, const PackedMatrix& weight) {
  struct Parameters {
    std::uint32_t K, block, n_blocks;
  };

  const std::int64_t M = x.shape()[0];
  const std::int64_t n_blocks = weight.n_blocks();
  RoundedRows rounded = {scratch(backend, {M, n_blocks * weight.block() / 4}, DType::i32),
                         scratch(backend, {M, n_blocks})};
  launch_once(backend, find_shader("round_rows"), {}, {x, rounded.words, rounded.scales},
              M * n_blocks, Parameters{u32(weight.K), u32(weight.block()), u32(n_blocks)});
  return rounded;
}

}  // namespace

/// Once, when a model is loaded, and on the host: scales and integers are to be those of every
/// other backend to the bit, and Vulkan's division need not be rounded correctly.
void pack(HeliosBackend& backend, const PackArgs& args) {
  if (args.weight.numel() == 0) return;
  HostMemory memory;
  const auto on_host = [&](const Tensor& tensor) {
    if (!tensor.is_defined()) return Tensor();
    return Tensor(memory.allocate(tensor.size_bytes()), 0, tensor.shape(), tensor.dtype());
  };
  const Tensor weight = on_host(args.weight);
  backend.download(args.weight, weight.raw());
  PackedMatrix packed = args.packed;
  packed.values = on_host(args.packed.values);
  packed.scales = on_host(args.packed.scales);
  backend.parallel(packed.n_panels(),
                   [&](std::int64_t panel) { pack_panel(weight.data<float>(), packed, panel); });
  backend.upload(packed.values.raw(), args.packed.values);
  if (packed.scales.is_defined()) backend.upload(packed.scales.raw(), args.packed.scales);
}

void packed_linear(HeliosBackend& backend, const PackedLinearArgs& args) {
  constexpr std::int64_t kRows = 8;  // of a workgroup, as in the shader
  constexpr std::uint32_t kInvocations = 128;
  constexpr std::int64_t kMostRows = 65'535 * kRows;

  struct Parameters {
    std::uint32_t n_rows, N, K, block, n_blocks;
  };

  const PackedMatrix& weight = args.weight;
  const std::int64_t M = args.x.shape()[0];
  if (args.out.numel() == 0) return;
  check_visible(backend, "packed_linear", {weight.values});
  for_row_pieces(backend, M, {args.x, args.out}, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t begin = first; begin < last; begin += kMostRows) {
      const std::int64_t end = std::min(last, begin + kMostRows);
      Tensor x = rows_of(args.x, M, begin, end).reshape({end - begin, weight.K});
      Tensor x_scales = x;
      if (is_integer(weight.format)) {
        RoundedRows rounded = round_rows(backend, x, weight);
        x = rounded.words;
        x_scales = rounded.scales;
      }
      const Tensor out = rows_of(args.out, M, begin, end);
      const std::array<Tensor, 7> tensors = {
          x,
          x_scales,
          weight.values,
          or_else(weight.scales, weight.values),
          or_else(args.bias, out),
          args.residual.is_defined() ? rows_of(args.residual, M, begin, end) : out,
          out};
      const Parameters parameters = {u32(end - begin), u32(weight.N), u32(weight.K),
                                     u32(weight.block()), u32(weight.n_blocks())};
      backend.dispatch(
          {.shader = &find_shader("packed_linear"),
           .constants = {kInvocations, number_of(weight.format), args.bias.is_defined() ? 1U : 0U,
                         args.residual.is_defined() ? 1U : 0U,
                         static_cast<std::uint32_t>(args.activation)},
           .tensors = tensors,
           .parameters = bytes_of(parameters),
           .groups_x = u32(weight.n_panels()),
           .groups_y = u32((end - begin + kRows - 1) / kRows)});
    }
  });
}

void packed_embedding(HeliosBackend& backend, const PackedEmbeddingArgs& args) {
  struct Parameters {
    std::uint32_t K, block, n_blocks;
  };

  const PackedMatrix& weight = args.weight;
  if (args.out.numel() == 0) return;
  check_visible(backend, "packed_embedding", {weight.values, args.out});
  launch_once(backend, find_shader("packed_embedding"), {number_of(weight.format)},
              {weight.values, or_else(weight.scales, weight.values), args.indices, args.out},
              args.out.numel(),
              Parameters{u32(weight.K), u32(weight.block()), u32(weight.n_blocks())});
}

}  // namespace alpha::helios
