#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace alpha {

// Every op Alpha has, one line each: the inventory that `alpha kernels` prints.
#define ALPHA_OPS(X)        \
  X(fill)                   \
  X(cast)                   \
  X(add)                    \
  X(sub)                    \
  X(mul)                    \
  X(div)                    \
  X(neg)                    \
  X(exp)                    \
  X(log)                    \
  X(sqrt)                   \
  X(pow)                    \
  X(scale)                  \
  X(rescale)                \
  X(clamp)                  \
  X(clamp_backward)         \
  X(relu)                   \
  X(relu_backward)          \
  X(gelu)                   \
  X(gelu_backward)          \
  X(silu)                   \
  X(silu_backward)          \
  X(soft_cap)               \
  X(soft_cap_backward)      \
  X(swiglu)                 \
  X(swiglu_backward)        \
  X(sum_to)                 \
  X(broadcast_to)           \
  X(sum_squares)            \
  X(matmul)                 \
  X(linear)                 \
  X(pack)                   \
  X(packed_linear)          \
  X(packed_embedding)       \
  X(embedding)              \
  X(embedding_backward)     \
  X(layer_norm)             \
  X(layer_norm_backward)    \
  X(rms_norm)               \
  X(rms_norm_backward)      \
  X(softmax)                \
  X(softmax_backward)       \
  X(log_softmax)            \
  X(log_softmax_backward)   \
  X(cross_entropy)          \
  X(cross_entropy_gradient) \
  X(dropout)                \
  X(residual_dropout)       \
  X(transpose)              \
  X(slice)                  \
  X(write_slice)            \
  X(gather)                 \
  X(scatter_add)            \
  X(topk)                   \
  X(argmax)                 \
  X(masked_fill)            \
  X(attention)              \
  X(attention_backward)     \
  X(paged_attention)        \
  X(gradient_scale)         \
  X(adamw)                  \
  X(sgd)                    \
  X(lion)

enum class OpId : std::uint16_t {
#define ALPHA_OP(name) name,
  ALPHA_OPS(ALPHA_OP)
#undef ALPHA_OP
      count
};

inline constexpr std::size_t kOpCount = static_cast<std::size_t>(OpId::count);

constexpr std::string_view to_string(OpId op) noexcept {
  constexpr std::string_view kNames[] = {
#define ALPHA_OP(name) #name,
      ALPHA_OPS(ALPHA_OP)
#undef ALPHA_OP
          "count"};
  return kNames[static_cast<std::size_t>(op)];
}

}  // namespace alpha
