#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "alpha/core/error.h"

namespace alpha {

/// Element types. Sizes and indices into memory are 64-bit; token ids and index tensors are i32.
enum class DType : std::uint8_t { f32, f64, f16, bf16, i32 };

inline constexpr std::size_t kDTypeCount = 5;
inline constexpr std::array kAllDTypes = {DType::f32, DType::f64, DType::f16, DType::bf16,
                                          DType::i32};

std::string_view to_string(DType dtype) noexcept;

/// "f32", "f64", "f16", "bf16", "i32". Error: invalid_argument.
DType parse_dtype(std::string_view name);

constexpr std::size_t size_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::f64: return 8;
    case DType::f32:
    case DType::i32: return 4;
    case DType::f16:
    case DType::bf16: return 2;
  }
  return 0;
}

constexpr bool is_floating(DType dtype) noexcept {
  return dtype != DType::i32;
}

/// The type in which sums over many elements are kept: statistics, weight gradients, losses.
constexpr DType accumulation_dtype(DType dtype) noexcept {
  return dtype == DType::f64 ? DType::f64 : DType::f32;
}

/// `value` cut to a float whose last bit is set when anything was lost ("round to odd"): rounding
/// that to a narrower type gives what rounding the double at once would give.
inline float round_to_odd(double value) noexcept {
  const auto nearest = static_cast<float>(value);
  const auto back = static_cast<double>(nearest);
  if (back == value || value != value) return nearest;
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  const bool is_away_from_zero = (back > value) == (value > 0);
  if (is_away_from_zero) --bits;
  return std::bit_cast<float>(bits | 1U);
}

/// The upper half of a float: 8 exponent bits, 7 mantissa bits. Converts with
/// round-to-nearest-even.
struct BF16 {
  std::uint16_t bits = 0;

  BF16() = default;

  explicit BF16(float value) noexcept {
    const auto u = std::bit_cast<std::uint32_t>(value);
    if ((u & 0x7fffffffU) > 0x7f800000U) {
      bits = static_cast<std::uint16_t>((u >> 16U) | 0x40U);  // a NaN stays a NaN
    } else {
      bits = static_cast<std::uint16_t>((u + 0x7fffU + ((u >> 16U) & 1U)) >> 16U);
    }
  }

  explicit BF16(double value) noexcept : BF16(round_to_odd(value)) {}

  operator float() const noexcept {  // NOLINT(google-explicit-constructor): exact
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
  }
};

/// IEEE half: 5 exponent bits, 10 mantissa bits. Converts with round-to-nearest-even.
struct F16 {
  std::uint16_t bits = 0;

  F16() = default;
  explicit F16(float value) noexcept;

  explicit F16(double value) noexcept : F16(round_to_odd(value)) {}

  operator float() const noexcept;  // NOLINT(google-explicit-constructor): exact
};

template<class T>
constexpr DType dtype_of() noexcept {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, float>) return DType::f32;
  if constexpr (std::is_same_v<U, double>) return DType::f64;
  if constexpr (std::is_same_v<U, F16>) return DType::f16;
  if constexpr (std::is_same_v<U, BF16>) return DType::bf16;
  if constexpr (std::is_same_v<U, std::int32_t>) return DType::i32;
}

/// A type as a value, to hand it to a generic lambda.
template<class T>
struct TypeTag {
  using Type = T;
};

/// Calls f(TypeTag<T>{}) with the C++ type behind `dtype`.
template<class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32: return f(TypeTag<float>{});
    case DType::f64: return f(TypeTag<double>{});
    case DType::f16: return f(TypeTag<F16>{});
    case DType::bf16: return f(TypeTag<BF16>{});
    case DType::i32: break;
  }
  return f(TypeTag<std::int32_t>{});
}

}  // namespace alpha
