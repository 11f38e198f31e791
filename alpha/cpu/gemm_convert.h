#pragma once

#include <cstdint>

#include "alpha/tensor/dtype.h"

namespace alpha::cpu {

/// to[i] = from[i], exact.
void bf16_to_f32(const BF16* from, float* to, std::int64_t n);

/// to[i] = from[i], rounded to nearest, ties to even; a NaN stays a NaN.
void f32_to_bf16(const float* from, BF16* to, std::int64_t n);

}  // namespace alpha::cpu
