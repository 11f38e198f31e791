#include "alpha/tensor/ops/matmul.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

Shape batch_axes(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<std::size_t>(shape.rank() - 2)));
}

Shape result_shape(const MatmulGeometry& g) {
  return g.batch.appended(g.M).appended(g.N);
}

}  // namespace

std::int64_t MatmulGeometry::index(std::int64_t i, const Strides& strides) const noexcept {
  std::int64_t result = 0;
  for (int axis = batch.rank() - 1; axis >= 0; --axis) {
    result += i % batch[axis] * strides[static_cast<std::size_t>(axis)];
    i /= batch[axis];
  }
  return result;
}

MatmulGeometry matmul_geometry(const Shape& a, bool trans_a, const Shape& b, bool trans_b) {
  if (a.rank() < 2 || b.rank() < 2) {
    fail_invalid("[matmul] shapes are {} and {}, expected at least two axes each", a, b);
  }
  MatmulGeometry g;
  g.M = a[a.rank() - (trans_a ? 1 : 2)];
  g.K = a[a.rank() - (trans_a ? 2 : 1)];
  g.N = b[b.rank() - (trans_b ? 2 : 1)];
  const std::int64_t other_k = b[b.rank() - (trans_b ? 1 : 2)];
  if (g.K != other_k) {
    fail_invalid("[matmul] inner sizes of {}{} and {}{} differ: {} and {}", a, trans_a ? "ᵀ" : "",
                 b, trans_b ? "ᵀ" : "", g.K, other_k);
  }
  g.batch = broadcast_shapes("matmul", batch_axes(a), batch_axes(b));
  g.n_batches = g.batch.numel();
  g.a_strides = broadcast_strides(batch_axes(a), g.batch);
  g.b_strides = broadcast_strides(batch_axes(b), g.batch);
  return g;
}

Tensor matmul(Backend& backend, const Tensor& a, const Tensor& b, MatmulOptions options) {
  check::floating("matmul", "a", a);
  check::dtype("matmul", "b", b, a.dtype());
  const MatmulGeometry g = matmul_geometry(a.shape(), options.trans_a, b.shape(), options.trans_b);
  Tensor out = empty(backend, result_shape(g), a.dtype());
  backend.run(MatmulArgs{
      .a = a, .b = b, .out = out, .trans_a = options.trans_a, .trans_b = options.trans_b});
  return out;
}

void matmul_accumulate(Backend& backend, const Tensor& a, const Tensor& b, const Tensor& into,
                       MatmulOptions options) {
  check::floating("matmul", "a", a);
  check::dtype("matmul", "b", b, a.dtype());
  const MatmulGeometry g = matmul_geometry(a.shape(), options.trans_a, b.shape(), options.trans_b);
  check::shape("matmul", "into", into, result_shape(g));
  check::no_overlap("matmul", "a", a, into);
  check::no_overlap("matmul", "b", b, into);
  if (into.dtype() != a.dtype())
    check::dtype("matmul", "into", into, accumulation_dtype(a.dtype()));
  backend.run(MatmulArgs{.a = a,
                         .b = b,
                         .out = into,
                         .trans_a = options.trans_a,
                         .trans_b = options.trans_b,
                         .is_accumulating = true});
}

}  // namespace alpha
