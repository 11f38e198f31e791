#pragma once

#include "alpha/helios/kernels/rows.h"
#include "alpha/tensor/ops/attention.h"

namespace alpha::helios {

inline std::int64_t head_size(const Tensor& qkv, const AttentionOptions& options) {
  return qkv.shape()[2] / 3 / options.n_heads;
}

/// Calls body(part, first, n) for n batch entries from `first` on, of which a shader sees
/// everything and a dispatch has not too many; part(tensor) is their share of a tensor.
template<class Body>
void for_batch_pieces(const HeliosBackend& backend, const Tensor& qkv, Body&& body) {
  constexpr std::int64_t kMost = 65'535;
  const std::int64_t B = qkv.shape()[0];
  for_row_pieces(backend, B, {qkv}, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; at += kMost) {
      const std::int64_t stop = std::min(end, at + kMost);
      body([=](const Tensor& tensor) { return rows_of(tensor, B, at, stop); }, at, stop - at);
    }
  });
}

}  // namespace alpha::helios
