#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "alpha/tensor/backend.h"

namespace alpha::cli {

/// How large the tensors are on which kernels are measured.
struct KernelSizes {
  std::int64_t n_tokens = 32768;  // rows
  std::int64_t width = 768;
  std::int64_t vocab_size = 50304;
  std::int64_t square = 4096;        // M = N = K of a product
  std::int64_t n_logit_rows = 8192;  // of what computes on logits
  std::int64_t B = 8;                // of attention
  std::int64_t H = 12;
  std::int64_t T = 1024;
  std::int64_t D = 64;
  std::int64_t n_parameters = std::int64_t{1} << 27;
  std::int64_t copy_bytes = std::int64_t{1} << 30;
};

/// GPT-2's small model, as ../shared/reference/helios-gemm.md has it.
inline constexpr KernelSizes kFullSizes = {};

/// What a CPU that plays a GPU computes in seconds.
inline constexpr KernelSizes kSmallSizes = {.n_tokens = 256,
                                            .width = 128,
                                            .vocab_size = 1024,
                                            .square = 256,
                                            .n_logit_rows = 256,
                                            .B = 1,
                                            .H = 2,
                                            .T = 128,
                                            .D = 64,
                                            .n_parameters = std::int64_t{1} << 18,
                                            .copy_bytes = std::int64_t{1} << 24};

/// An op on tensors of some size, and what it has to do at least: products count their
/// multiplications and additions, all others the bytes that they read and write.
struct KernelCase {
  std::string name;
  std::string shape;
  DType dtype = DType::f32;  // of the operands
  double flops = 0;          // 0: it is bytes that count
  double bytes = 0;
  std::function<std::function<void()>(Backend&)> make;  // allocates tensors; the op on them
};

/// What a GPT's training is made of, in `dtype`, and products in f32 beside it.
std::vector<KernelCase> kernel_cases(const KernelSizes& sizes, DType dtype);

/// A tensor of random numbers around 0, which repeat after a million.
Tensor noise(Backend& backend, const Shape& shape, DType dtype);

}  // namespace alpha::cli
