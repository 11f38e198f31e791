#include "alpha/tensor/ops/paged_attention.h"

#include <bit>
#include <cmath>

#include "alpha/helios/kernels/rows.h"

namespace alpha::helios {

namespace {

constexpr std::int64_t kPositions = 64;  // of a part, as in the shaders
constexpr std::uint32_t kInvocations = 128;
constexpr std::int64_t kMostD = kInvocations;
constexpr std::int64_t kMostOfParts = std::int64_t{1}
                                      << 24U;  // numbers that parts of rows may take

struct Parameters {
  std::uint32_t H, D, L, layer, head_size, max_blocks;
  float scale, soft_cap;
};

/// Attention of rows in parts of the sequences, and their keys and values into the cache. What an
/// earlier piece has written is read from there.
void attend(HeliosBackend& backend, const PagedAttentionArgs& args, const Parameters& parameters) {
  const std::int64_t R = args.qkv.shape()[0];
  const std::int64_t D = parameters.D;
  const std::int64_t n_parts =
      (std::int64_t{parameters.max_blocks} * kKvBlock + kPositions - 1) / kPositions;
  const bool is_whole = n_parts == 1;
  const std::int64_t n_of_row = std::int64_t{parameters.H} * n_parts * (D + 2);
  const std::int64_t most_rows =
      is_whole ? R : std::clamp<std::int64_t>(kMostOfParts / n_of_row, 1, R);
  const Tensor parts = is_whole ? args.out : scratch(backend, {most_rows, n_of_row});
  const std::uint32_t n_lanes = std::max(32U, std::bit_ceil(parameters.D));
  const std::int64_t step = std::min(most_rows, row_piece_of(backend, R, {args.qkv, args.out}));
  for (std::int64_t begin = 0; begin < R; begin += step) {
    const std::int64_t end = std::min(R, begin + step);
    const auto piece = [&](const Tensor& tensor) { return rows_of(tensor, R, begin, end); };
    const Tensor positions = piece(args.rows.positions);
    const Tensor here = is_whole ? piece(args.out) : parts.flat(0, (end - begin) * n_of_row);
    const std::array<Tensor, 6> tensors = {
        piece(args.qkv),  positions,    piece(args.rows.sequences),
        args.rows.tables, args.rows.kv, here};
    backend.dispatch({.shader = &find_shader("paged_attention"),
                      .constants = {kInvocations, parameters.D, n_lanes, is_whole ? 1U : 0U},
                      .tensors = tensors,
                      .parameters = bytes_of(parameters),
                      .groups_x = u32(end - begin),
                      .groups_y = parameters.H,
                      .groups_z = u32(n_parts)});
    if (is_whole) continue;
    const std::array<Tensor, 3> combined = {here, positions, piece(args.out)};
    const std::array<std::uint32_t, 2> sizes = {parameters.H, u32(n_parts)};
    backend.dispatch({.shader = &find_shader("paged_combine"),
                      .constants = {kInvocations, parameters.D},
                      .tensors = combined,
                      .parameters = bytes_of(sizes),
                      .groups_x = u32(end - begin),
                      .groups_y = parameters.H});
  }
}

}  // namespace

void paged_attention(HeliosBackend& backend, const PagedAttentionArgs& args) {
  const std::int64_t D = args.qkv.shape()[1] / 3 / args.n_heads;
  if (args.out.numel() == 0) return;
  if (D > kMostD) {
    fail(ErrorCode::unsupported,
         "[paged_attention] heads have size {}, backend 'helios' takes at most {}", D, kMostD);
  }
  check_visible(backend, "paged_attention", {args.rows.kv});
  const Shape& kv = args.rows.kv.shape();
  const Parameters parameters = {u32(args.n_heads),
                                 u32(D),
                                 u32(kv[1]),
                                 u32(args.layer),
                                 u32(kv[3]),
                                 u32(args.rows.tables.shape()[1]),
                                 static_cast<float>(1 / std::sqrt(static_cast<double>(D))),
                                 static_cast<float>(args.soft_cap)};
  attend(backend, args, parameters);
}

}  // namespace alpha::helios
