#pragma once

#include "alpha/helios/helios_backend.h"
#include "alpha/tensor/ops/linear.h"

namespace alpha::helios {

/// out [n_batches, M, N] = activation(op(a) · op(b) + bias).
struct Product {
  Tensor a;
  Tensor b;
  Tensor bias = {};  // [N], or undefined
  Tensor out;
  Tensor pre = {};  // as out, or undefined
  std::int64_t M = 0;
  std::int64_t N = 0;
  std::int64_t K = 0;
  std::int64_t n_batches = 1;
  std::int64_t a_step = 0;  // elements from one matrix to the next
  std::int64_t b_step = 0;
  bool trans_a = false;
  bool trans_b = false;
  bool is_accumulating = false;
  Activation activation = Activation::none;
};

/// What matrices on matrix units hold: bf16 or f16.
inline spirv::MatrixElement matrix_element(DType dtype) noexcept {
  return dtype == DType::bf16 ? spirv::MatrixElement::bf16 : spirv::MatrixElement::f16;
}

/// Whether a tensor begins where 16 bytes can be read at once.
bool is_at_16_bytes(const Tensor& tensor) noexcept;

/// Whether a device has matrix units of the kind that the kernel is written for.
bool has_gemm(const DeviceInfo& info, DType dtype);

/// Computes a product on matrix units, if the device has them and the sizes are theirs: whole
/// tiles, at aligned places. False: it is not done.
bool gemm(HeliosBackend& backend, const Product& product);

/// Whether they compute what plain arithmetic does, in each way the kernel uses them.
bool gemm_passes_test(HeliosBackend& backend, DType dtype);

}  // namespace alpha::helios
