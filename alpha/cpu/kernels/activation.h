#pragma once

#include <cstdint>

#include "alpha/tensor/dtype.h"
#include "alpha/tensor/ops/linear.h"

namespace alpha::cpu {

/// out[i] = activation(pre[i]) for i < n, on the calling thread; `out` may be `pre`. f32 or bf16,
/// with the same values as the kernels gelu, relu and silu.
void apply_activation(Activation activation, DType dtype, const void* pre, void* out,
                      std::int64_t n);

}  // namespace alpha::cpu
