#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "alpha/tensor/tensor.h"

namespace alpha {

/// How the numbers of a packed weight matrix are kept.
enum class WeightFormat : std::uint8_t { f32, bf16, int8, int4 };

std::string_view to_string(WeightFormat format) noexcept;

/// "f32", "bf16", "int8", "int4". Error: invalid_argument.
WeightFormat parse_weight_format(std::string_view name);

/// The names above, in that order.
std::span<const std::string_view> weight_format_names() noexcept;

/// Outputs per panel: the lanes of the widest vector unit.
inline constexpr std::int64_t kPanel = 16;

/// Inputs that share a scale in a matrix with K inputs: 32 for int4, 128, 96, 64 or 32 for int8,
/// all of them for f32 and bf16.
std::int64_t packed_block(WeightFormat format, std::int64_t K) noexcept;

/// A weight matrix [N outputs, K inputs] laid out for products with few rows: panels of 16 outputs,
/// and within a panel the inputs in order, so that a product reads memory front to back. The last
/// panel is filled up with zeros. docs/formats/packed.md gives the layout byte by byte.
///
/// int8 and int4 are symmetric: within a block of inputs, w = scale · q, scale a bf16 per output,
/// q in [-127, 127] or [-7, 7], stored as q + 128 or q + 8. Products with them round their left
/// side to int8 as well, one scale per row and block, and sum in integers.
struct PackedMatrix {
  WeightFormat format = WeightFormat::f32;
  std::int64_t N = 0;
  std::int64_t K = 0;
  // P = ⌈N / 16⌉ panels; K' is K rounded up to whole blocks.
  Tensor values;  // f32, bf16 [P, K, 16]; int8 i32 [P, K'/4, 16], four inputs in an element, the
                  // first lowest; int4 i32 [P, K'/8, 16], eight: inputs 0 to 3 in the low halves
                  // of the bytes, 4 to 7 in the high halves
  Tensor scales;  // int8, int4: bf16 [P, blocks, 16]; else undefined

  bool is_defined() const noexcept { return values.is_defined(); }

  std::int64_t n_panels() const noexcept { return (N + kPanel - 1) / kPanel; }

  /// Inputs that share a scale; K for f32 and bf16.
  std::int64_t block() const noexcept { return packed_block(format, K); }

  std::int64_t n_blocks() const noexcept { return (K + block() - 1) / block(); }

  std::size_t size_bytes() const noexcept;
};

/// Integers of `format` are these many above zero, and at most `limit` away from it.
struct IntegerRange {
  std::int32_t offset = 0;
  std::int32_t limit = 0;
};

constexpr IntegerRange integer_range(WeightFormat format) noexcept {
  return format == WeightFormat::int4 ? IntegerRange{8, 7} : IntegerRange{128, 127};
}

/// A block of weights or inputs that has nothing larger counts as zeros: near the end of what f32
/// can hold, 1 / scale would be infinite.
inline constexpr float kLeastMagnitude = 1e-30F;

constexpr bool is_integer(WeightFormat format) noexcept {
  return format == WeightFormat::int8 || format == WeightFormat::int4;
}

/// Shapes of `values` and, for integers, of `scales` for a matrix of N x K.
Shape packed_values_shape(WeightFormat format, std::int64_t N, std::int64_t K);
Shape packed_scales_shape(WeightFormat format, std::int64_t N, std::int64_t K);
DType packed_values_dtype(WeightFormat format) noexcept;

/// Bytes of a matrix of N x K, a multiple of 64.
std::size_t packed_size_bytes(WeightFormat format, std::int64_t N, std::int64_t K);

/// An undefined matrix in `storage` from byte `offset` on, a multiple of 64: many matrices in one
/// block of memory.
PackedMatrix packed_in(const StorageRef& storage, std::size_t offset, WeightFormat format,
                       std::int64_t N, std::int64_t K);

/// Packs rows of panel `panel` of `weight` [N, K] into host memory laid out as above; panels are
/// independent of each other. int8, int4: scale = largest magnitude / limit, rounded up to bf16.
void pack_panel(const float* weight, const PackedMatrix& to, std::int64_t panel);

/// The number at (n, k), as products see it.
float packed_value(const PackedMatrix& matrix, std::int64_t n, std::int64_t k);

}  // namespace alpha
