#include "alpha/tensor/ops/packed.h"

#include <bit>

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
  constexpr std::uint32_t kInvocations = 32;  // a word each of the longest block

  struct Parameters {
    std::uint32_t n, K, block, n_blocks;
  };

  const std::int64_t M = x.shape()[0];
  const std::int64_t n_blocks = weight.n_blocks();
  RoundedRows rounded = {scratch(backend, {M, n_blocks * weight.block() / 4}, DType::i32),
                         scratch(backend, {M, n_blocks})};
  const std::array<Tensor, 3> tensors = {x, rounded.words, rounded.scales};
  const Parameters parameters = {u32(M * n_blocks), u32(weight.K), u32(weight.block()),
                                 u32(n_blocks)};
  backend.dispatch({.shader = &find_shader("round_rows"),
                    .constants = {kInvocations},
                    .tensors = tensors,
                    .parameters = bytes_of(parameters),
                    .groups_x = groups_for_rows(backend, M * n_blocks)});
  return rounded;
}

constexpr std::int64_t kMostRows = 8;  // of a workgroup, as in the shaders

/// How a workgroup reads a panel.
struct Reading {
  std::uint32_t n_lanes = 4;  // invocations side by side, 16 bytes each
  std::uint32_t n_parts = 1;  // workgroups that share a panel
};

/// By the weights alone, since the order of a sum depends on it. A matrix of few outputs has its
/// panels halved, so that more of the device is busy.
Reading reading_of(const PackedMatrix& weight) {
  constexpr std::int64_t kFewPanels = 512;
  if (weight.format == WeightFormat::bf16) return {.n_lanes = 2};
  if (weight.format == WeightFormat::f32 && weight.n_panels() < kFewPanels) {
    return {.n_lanes = 2, .n_parts = 2};
  }
  return {};
}

const Shader& shader_of(WeightFormat format) {
  return find_shader(
      fmt::format("packed_linear{}.{}", is_integer(format) ? "_int" : "", to_string(format)));
}

/// Of n_rows rows at most what one dispatch can take.
void multiply(HeliosBackend& backend, const PackedLinearArgs& args, std::int64_t n_rows) {
  constexpr std::uint32_t kDeep = 8;  // inputs on their way at the same time

  struct Parameters {
    std::uint32_t n_rows, N, K, block, n_blocks;
  };

  const PackedMatrix& weight = args.weight;
  Tensor x = args.x;
  Tensor x_scales = x;
  if (is_integer(weight.format)) {
    RoundedRows rounded = round_rows(backend, x, weight);
    x = rounded.words;
    x_scales = rounded.scales;
  }
  const Reading reading = reading_of(weight);
  const auto n_rows_each =
      std::bit_ceil(static_cast<std::uint32_t>(std::min<std::int64_t>(n_rows, kMostRows)));
  std::vector<std::uint32_t> constants = {kWorkgroup,
                                          args.bias.is_defined() ? 1U : 0U,
                                          args.residual.is_defined() ? 1U : 0U,
                                          static_cast<std::uint32_t>(args.activation),
                                          n_rows_each,
                                          reading.n_lanes,
                                          reading.n_parts};
  if (!is_integer(weight.format)) constants.push_back(kDeep);
  const std::array<Tensor, 7> tensors = {x,
                                         x_scales,
                                         weight.values,
                                         or_else(weight.scales, weight.values),
                                         or_else(args.bias, args.out),
                                         or_else(args.residual, args.out),
                                         args.out};
  backend.dispatch({.shader = &shader_of(weight.format),
                    .constants = constants,
                    .tensors = tensors,
                    .parameters = bytes_of(Parameters{u32(n_rows), u32(weight.N), u32(weight.K),
                                                      u32(weight.block()), u32(weight.n_blocks())}),
                    .groups_x = u32(weight.n_panels()) * reading.n_parts,
                    .groups_y = (u32(n_rows) + n_rows_each - 1) / n_rows_each});
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
  constexpr std::int64_t kMostGroups = 65'535;
  const std::int64_t M = args.x.shape()[0];
  if (args.out.numel() == 0) return;
  check_visible(backend, "packed_linear", {args.weight.values});
  for_row_pieces(backend, M, {args.x, args.out}, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t begin = first; begin < last; begin += kMostGroups * kMostRows) {
      const std::int64_t end = std::min(last, begin + kMostGroups * kMostRows);
      PackedLinearArgs rows = args;
      rows.x = rows_of(args.x, M, begin, end).reshape({end - begin, args.weight.K});
      rows.out = rows_of(args.out, M, begin, end);
      if (args.residual.is_defined()) rows.residual = rows_of(args.residual, M, begin, end);
      multiply(backend, rows, end - begin);
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
