#pragma once

#include <cstdint>
#include <string_view>

#include "alpha/tensor/backend.h"

namespace alpha {

/// What a feed-forward block applies between its two products.
enum class Activation : std::uint8_t { none, gelu, relu, silu };

std::string_view to_string(Activation activation) noexcept;

/// pre = x · weightᵀ + bias; out = activation(pre).
struct LinearArgs {
  static constexpr OpId kOp = OpId::linear;

  DType dtype() const { return x.dtype(); }

  Tensor x;       // [N, K]
  Tensor weight;  // [M, K]
  Tensor bias;    // [M], or undefined
  Tensor out;     // [N, M]; dtype of x, or its accumulation dtype
  Tensor pre;     // [N, M]: the values before the activation, for backward; or undefined
  Activation activation = Activation::none;
};

struct LinearOptions {
  Activation activation = Activation::none;
  Tensor* pre = nullptr;                      // where to leave pre, [..., M], if wanted
  bool is_output_accumulation_dtype = false;  // logits of a bf16 model come out in f32
};

/// x [..., K], weight [M, K], bias [M] or undefined -> [..., M].
Tensor linear(Backend& backend, const Tensor& x, const Tensor& weight, const Tensor& bias,
              const LinearOptions& options = {});

}  // namespace alpha
