#include "alpha/helios/kernels/sort.h"

#include "alpha/helios/kernels/rows.h"

namespace alpha::helios {

namespace {

constexpr std::uint32_t kDigitBits = 8;  // as in the shaders
constexpr std::uint32_t kDigits = 1U << kDigitBits;

struct Sizes {
  std::uint32_t n, n_chunks;
};

}  // namespace

Tensor sorted_order(HeliosBackend& backend, const Tensor& keys, std::int64_t limit) {
  const std::int64_t n = keys.numel();
  const std::int64_t n_chunks = (n + kDigits - 1) / kDigits;
  const Sizes sizes = {u32(n), u32(n_chunks)};
  const Tensor counts = scratch(backend, {n_chunks, kDigits}, DType::i32);
  const auto launch = [&](std::string_view shader, std::uint32_t shift,
                          std::span<const Tensor> tensors, std::uint32_t n_groups) {
    backend.dispatch({.shader = &find_shader(shader),
                      .constants = {kDigits, shift},
                      .tensors = tensors,
                      .parameters = bytes_of(sizes),
                      .groups_x = n_groups});
  };
  Tensor order = counts;  // the first step has none, and touches nothing
  for (std::uint32_t shift = 0; shift == 0 || (limit - 1) >> shift > 0; shift += kDigitBits) {
    const Tensor next = scratch(backend, {n}, DType::i32);
    const std::uint32_t n_groups = groups_for_rows(backend, n_chunks);
    launch("sort_count", shift, std::array{keys, order, counts}, n_groups);
    launch("sort_scan", shift, std::array{counts}, 1);
    launch("sort_scatter", shift, std::array{keys, order, counts, next}, n_groups);
    order = next;
  }
  return order;
}

}  // namespace alpha::helios
