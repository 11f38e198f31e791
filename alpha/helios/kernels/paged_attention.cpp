#include "alpha/tensor/ops/paged_attention.h"

#include <cmath>

#include "alpha/helios/kernels/rows.h"

namespace alpha::helios {

void paged_attention(HeliosBackend& backend, const PagedAttentionArgs& args) {
  constexpr std::uint32_t kPositions = 64;  // looked at together, as in the shader
  constexpr std::uint32_t kMostD = 128;

  struct Parameters {
    std::uint32_t H, D, L, layer, head_size, max_blocks;
    float scale, soft_cap;
  };

  const std::int64_t R = args.qkv.shape()[0];
  const std::int64_t C = args.qkv.shape()[1] / 3;
  const std::int64_t D = C / args.n_heads;
  if (args.out.numel() == 0) return;
  if (D > kMostD) {
    fail(ErrorCode::unsupported,
         "[paged_attention] heads have size {}, backend 'helios' takes at most {}", D, kMostD);
  }
  check_visible(backend, "paged_attention", {args.rows.kv});
  const Shape& kv = args.rows.kv.shape();
  const Parameters parameters = {static_cast<std::uint32_t>(args.n_heads),
                                 static_cast<std::uint32_t>(D),
                                 static_cast<std::uint32_t>(kv[1]),
                                 static_cast<std::uint32_t>(args.layer),
                                 static_cast<std::uint32_t>(kv[3]),
                                 static_cast<std::uint32_t>(args.rows.tables.shape()[1]),
                                 static_cast<float>(1 / std::sqrt(static_cast<double>(D))),
                                 static_cast<float>(args.soft_cap)};
  launch_once(backend, find_shader("kv_write"), {},
              {args.qkv, args.rows.positions, args.rows.sequences, args.rows.tables, args.rows.kv},
              R * C, parameters);
  const std::array<Tensor, 6> tensors = {args.qkv,         args.rows.positions, args.rows.sequences,
                                         args.rows.tables, args.rows.kv,        args.out};
  backend.dispatch({.shader = &find_shader("paged_attention"),
                    .constants = {kPositions, kMostD},
                    .tensors = tensors,
                    .parameters = bytes_of(parameters),
                    .groups_x = static_cast<std::uint32_t>(R),
                    .groups_y = static_cast<std::uint32_t>(args.n_heads)});
}

}  // namespace alpha::helios
