#include "alpha/tensor/packed_matrix.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "alpha/core/error.h"

namespace alpha {

namespace {

constexpr std::array<std::string_view, 4> kFormatNames = {"f32", "bf16", "int8", "int4"};

constexpr std::int64_t kInt4Block = 32;
// The first that divides the width is taken: long blocks cost fewer scales.
constexpr std::array<std::int64_t, 3> kInt8Blocks = {128, 96, 64};
constexpr std::int64_t kInt8Otherwise = 32;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// The least bf16 that is not below `value`, which is not negative.
BF16 round_up_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  BF16 result;
  result.bits = static_cast<std::uint16_t>((bits + 0xffffU) >> 16U);
  return result;
}

/// The element of `values` that holds input k of an output, and where in it.
struct Place {
  std::int64_t element = 0;
  unsigned shift = 0;
};

Place place_of(WeightFormat format, std::int64_t k) {
  if (format == WeightFormat::int8) return {k / 4, static_cast<unsigned>(k % 4 * 8)};
  return {k / 8, static_cast<unsigned>(k % 4 * 8 + k % 8 / 4 * 4)};
}

void pack_integers(const float* weight, const PackedMatrix& to, std::int64_t panel) {
  const auto [offset, limit] = integer_range(to.format);
  const std::int64_t block = to.block();
  const std::int64_t n_blocks = to.n_blocks();
  const std::int64_t n_elements = to.values.shape()[1];
  auto* values = reinterpret_cast<std::uint32_t*>(to.values.data<std::int32_t>()) +
                 panel * n_elements * kPanel;
  BF16* scales = to.scales.data<BF16>() + panel * n_blocks * kPanel;
  std::fill_n(values, n_elements * kPanel, 0);
  for (std::int64_t lane = 0; lane < kPanel; ++lane) {
    const std::int64_t n = panel * kPanel + lane;
    const float* row = n < to.N ? weight + n * to.K : nullptr;
    for (std::int64_t b = 0; b < n_blocks; ++b) {
      const std::int64_t begin = b * block;
      const std::int64_t end = std::min(begin + block, to.K);
      float largest = 0;
      for (std::int64_t k = begin; row != nullptr && k < end; ++k) {
        largest = std::max(largest, std::abs(row[k]));
      }
      if (largest < kLeastMagnitude) largest = 0;
      const BF16 scale = round_up_to_bf16(largest / static_cast<float>(limit));
      scales[b * kPanel + lane] = scale;
      const float inverse = largest > 0 ? 1 / float{scale} : 0;
      for (std::int64_t k = begin; k < begin + block; ++k) {
        const float value = row != nullptr && k < end ? row[k] * inverse : 0;
        const auto q = static_cast<std::int32_t>(std::nearbyint(value));
        const auto stored = static_cast<std::uint32_t>(std::clamp(q, -limit, limit) + offset);
        const Place place = place_of(to.format, k);
        values[place.element * kPanel + lane] |= stored << place.shift;
      }
    }
  }
}

template<class T>
void pack_floats(const float* weight, const PackedMatrix& to, std::int64_t panel) {
  T* values = to.values.data<T>() + panel * to.K * kPanel;
  // In tiles that stay in the innermost cache: rows are read, columns written.
  for (std::int64_t first = 0; first < to.K; first += kPanel) {
    const std::int64_t end = std::min(first + kPanel, to.K);
    for (std::int64_t lane = 0; lane < kPanel; ++lane) {
      const std::int64_t n = panel * kPanel + lane;
      for (std::int64_t k = first; k < end; ++k) {
        values[k * kPanel + lane] = n < to.N ? T(weight[n * to.K + k]) : T(0.0F);
      }
    }
  }
}

}  // namespace

std::string_view to_string(WeightFormat format) noexcept {
  return kFormatNames[static_cast<std::size_t>(format)];
}

WeightFormat parse_weight_format(std::string_view name) {
  for (std::size_t i = 0; i < kFormatNames.size(); ++i) {
    if (kFormatNames[i] == name) return static_cast<WeightFormat>(i);
  }
  fail_invalid("unknown weight format '{}', expected f32, bf16, int8 or int4", name);
}

std::span<const std::string_view> weight_format_names() noexcept {
  return kFormatNames;
}

std::int64_t packed_block(WeightFormat format, std::int64_t K) noexcept {
  if (format == WeightFormat::int4) return kInt4Block;
  if (format != WeightFormat::int8) return K;
  for (const std::int64_t block : kInt8Blocks) {
    if (K % block == 0) return block;
  }
  return kInt8Otherwise;
}

std::size_t PackedMatrix::size_bytes() const noexcept {
  return values.size_bytes() + (scales.is_defined() ? scales.size_bytes() : 0);
}

Shape packed_values_shape(WeightFormat format, std::int64_t N, std::int64_t K) {
  const std::int64_t block = packed_block(format, K);
  const std::int64_t padded = ceil_div(K, block) * block;
  const std::int64_t per_element = format == WeightFormat::int8   ? 4
                                   : format == WeightFormat::int4 ? 8
                                                                  : 1;
  return {ceil_div(N, kPanel), padded / per_element, kPanel};
}

Shape packed_scales_shape(WeightFormat format, std::int64_t N, std::int64_t K) {
  return {ceil_div(N, kPanel), ceil_div(K, packed_block(format, K)), kPanel};
}

DType packed_values_dtype(WeightFormat format) noexcept {
  switch (format) {
    case WeightFormat::f32: return DType::f32;
    case WeightFormat::bf16: return DType::bf16;
    case WeightFormat::int8:
    case WeightFormat::int4: break;
  }
  return DType::i32;
}

namespace {

std::size_t values_size_bytes(WeightFormat format, std::int64_t N, std::int64_t K) {
  return static_cast<std::size_t>(packed_values_shape(format, N, K).numel()) *
         size_of(packed_values_dtype(format));
}

std::size_t round_up_to_line(std::size_t size_bytes) {
  return (size_bytes + 63) / 64 * 64;
}

}  // namespace

std::size_t packed_size_bytes(WeightFormat format, std::int64_t N, std::int64_t K) {
  std::size_t size = round_up_to_line(values_size_bytes(format, N, K));
  if (is_integer(format)) {
    const auto n_scales = static_cast<std::size_t>(packed_scales_shape(format, N, K).numel());
    size += round_up_to_line(n_scales * sizeof(BF16));
  }
  return size;
}

PackedMatrix packed_in(const StorageRef& storage, std::size_t offset, WeightFormat format,
                       std::int64_t N, std::int64_t K) {
  const DType dtype = packed_values_dtype(format);
  PackedMatrix matrix{.format = format, .N = N, .K = K, .values = {}, .scales = {}};
  matrix.values = Tensor(storage, static_cast<std::int64_t>(offset / size_of(dtype)),
                         packed_values_shape(format, N, K), dtype);
  if (is_integer(format)) {
    const std::size_t behind = offset + round_up_to_line(values_size_bytes(format, N, K));
    matrix.scales = Tensor(storage, static_cast<std::int64_t>(behind / sizeof(BF16)),
                           packed_scales_shape(format, N, K), DType::bf16);
  }
  return matrix;
}

void pack_panel(const float* weight, const PackedMatrix& to, std::int64_t panel) {
  switch (to.format) {
    case WeightFormat::f32: return pack_floats<float>(weight, to, panel);
    case WeightFormat::bf16: return pack_floats<BF16>(weight, to, panel);
    case WeightFormat::int8:
    case WeightFormat::int4: break;
  }
  pack_integers(weight, to, panel);
}

float packed_value(const PackedMatrix& matrix, std::int64_t n, std::int64_t k) {
  const std::int64_t panel = n / kPanel;
  const std::int64_t lane = n % kPanel;
  const auto at = [&](std::int64_t row, const Tensor& tensor) {
    return (panel * tensor.shape()[1] + row) * kPanel + lane;
  };
  if (matrix.format == WeightFormat::f32) return matrix.values.data<float>()[at(k, matrix.values)];
  if (matrix.format == WeightFormat::bf16) return matrix.values.data<BF16>()[at(k, matrix.values)];
  const Place place = place_of(matrix.format, k);
  const auto element = static_cast<std::uint32_t>(
      matrix.values.data<std::int32_t>()[at(place.element, matrix.values)]);
  const std::uint32_t mask = matrix.format == WeightFormat::int8 ? 0xffU : 0xfU;
  const auto q = static_cast<std::int32_t>(element >> place.shift & mask) -
                 integer_range(matrix.format).offset;
  return float{matrix.scales.data<BF16>()[at(k / matrix.block(), matrix.scales)]} *
         static_cast<float>(q);
}

}  // namespace alpha
