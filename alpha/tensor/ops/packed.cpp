#include "alpha/tensor/ops/packed.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

PackedMatrix pack(Backend& backend, const Tensor& weight, WeightFormat format) {
  if (weight.rank() != 2 || weight.numel() == 0) {
    fail_invalid("[pack] weight has shape {}, expected [outputs, inputs], neither 0",
                 weight.shape());
  }
  const std::int64_t N = weight.shape()[0];
  const std::int64_t K = weight.shape()[1];
  const PackedMatrix packed =
      packed_in(backend.allocate(packed_size_bytes(format, N, K)), 0, format, N, K);
  pack(backend, weight, packed);
  return packed;
}

void pack(Backend& backend, const Tensor& weight, const PackedMatrix& packed) {
  check::dtype("pack", "weight", weight, DType::f32);
  check::shape("pack", "weight", weight, {packed.N, packed.K});
  backend.run(PackArgs{.weight = weight, .packed = packed});
}

Tensor packed_linear(Backend& backend, const Tensor& x, const PackedMatrix& weight,
                     const Tensor& bias, const PackedLinearOptions& options) {
  check::dtype("packed_linear", "x", x, DType::f32);
  check::min_rank("packed_linear", "x", x, 1);
  if (!weight.is_defined() || x.shape().back() != weight.K) {
    fail_invalid("[packed_linear] x has shape {}, expected {} inputs", x.shape(), weight.K);
  }
  if (bias.is_defined()) {
    check::shape("packed_linear", "bias", bias, {weight.N});
    check::dtype("packed_linear", "bias", bias, DType::f32);
  }
  Tensor out = empty(backend, x.shape().with(x.rank() - 1, weight.N), DType::f32);
  const Tensor& residual = options.residual;
  if (residual.is_defined()) check::same("packed_linear", "residual", residual, "out", out);
  backend.run(PackedLinearArgs{.x = x.as_matrix(),
                               .weight = weight,
                               .bias = bias,
                               .residual = residual.is_defined() ? residual.as_matrix() : residual,
                               .out = out.as_matrix(),
                               .activation = options.activation});
  return out;
}

Tensor packed_embedding(Backend& backend, const PackedMatrix& weight, const Tensor& indices) {
  check::dtype("packed_embedding", "indices", indices, DType::i32);
  if (!weight.is_defined()) fail_invalid("[packed_embedding] the matrix is not defined");
  Tensor out = empty(backend, indices.shape().appended(weight.K), DType::f32);
  backend.run(PackedEmbeddingArgs{.weight = weight, .indices = indices, .out = out});
  return out;
}

}  // namespace alpha
