#pragma once

#include <cmath>
#include <cstdint>

#include "alpha/tensor/ops/attention.h"

namespace alpha::cpu {

/// Queries of one forward task: many, so that packing a block of keys pays.
inline constexpr std::int64_t kQueriesPerTask = 128;

/// Where one attention call reads and writes, in elements of T; shared by its tasks.
struct AttentionLayout {
  std::int64_t B = 0;
  std::int64_t T = 0;
  std::int64_t C = 0;
  std::int64_t H = 0;
  std::int64_t D = 0;
  float scale = 1;

  AttentionLayout(const Tensor& qkv, const AttentionOptions& options)
      : B(qkv.shape()[0]),
        T(qkv.shape()[1]),
        C(qkv.shape()[2] / 3),
        H(options.n_heads),
        D(C / H),
        scale(static_cast<float>(1 / std::sqrt(static_cast<double>(D)))) {}

  /// Start of head h's query in row t of entry b of qkv; its key stands C further, its value 2 C.
  std::int64_t query(std::int64_t b, std::int64_t h, std::int64_t t) const {
    return (b * T + t) * 3 * C + h * D;
  }

  /// The same in out.
  std::int64_t out(std::int64_t b, std::int64_t h, std::int64_t t) const {
    return (b * T + t) * C + h * D;
  }

  /// The same in lse.
  std::int64_t lse(std::int64_t b, std::int64_t h, std::int64_t t) const {
    return (b * H + h) * T + t;
  }

  /// The dropout mask's element for query t and key 0.
  std::uint64_t mask(std::int64_t b, std::int64_t h, std::int64_t t) const {
    return static_cast<std::uint64_t>(lse(b, h, t)) * static_cast<std::uint64_t>(T);
  }
};

}  // namespace alpha::cpu
