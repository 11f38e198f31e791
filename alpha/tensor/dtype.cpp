#include "alpha/tensor/dtype.h"

namespace alpha {

std::string_view to_string(DType dtype) noexcept {
  switch (dtype) {
    case DType::f32: return "f32";
    case DType::f64: return "f64";
    case DType::f16: return "f16";
    case DType::bf16: return "bf16";
    case DType::i32: return "i32";
  }
  return "unknown";
}

DType parse_dtype(std::string_view name) {
  for (const DType dtype : kAllDTypes) {
    if (to_string(dtype) == name) return dtype;
  }
  fail_invalid("unknown dtype '{}', expected f32, f64, f16, bf16 or i32", name);
}

F16::F16(float value) noexcept {
  const auto u = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (u >> 16U) & 0x8000U;
  const std::uint32_t magnitude = u & 0x7fffffffU;
  std::uint32_t half = 0;
  if (magnitude > 0x7f800000U) {
    half = 0x7e00U;  // NaN
  } else if (magnitude >= 0x477ff000U) {
    half = 0x7c00U;  // rounds to infinity
  } else if (magnitude < 0x38800000U) {
    // Subnormal half: adding 0.5 lets the float unit round to a multiple of 2^-24.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    half = std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(0.5F);
  } else {
    half = (magnitude + 0xfffU + ((magnitude >> 13U) & 1U) - 0x38000000U) >> 13U;
  }
  bits = static_cast<std::uint16_t>(sign | half);
}

F16::operator float() const noexcept {
  const std::uint32_t sign = (static_cast<std::uint32_t>(bits) & 0x8000U) << 16U;
  const std::uint32_t magnitude = bits & 0x7fffU;
  float value = 0;
  if (magnitude >= 0x7c00U) {
    value = std::bit_cast<float>(0x7f800000U | ((magnitude & 0x3ffU) << 13U));
  } else if (magnitude < 0x400U) {
    value = static_cast<float>(magnitude) * 0x1p-24F;
  } else {
    value = std::bit_cast<float>((magnitude << 13U) + 0x38000000U);
  }
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
}

}  // namespace alpha
