#include "alpha/tensor/ops/gather.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

void check_indices(std::string_view op, const Shape& x, int axis, const Tensor& indices) {
  check::dtype(op, "indices", indices, DType::i32);
  bool fits = indices.rank() == x.rank();
  for (int i = 0; fits && i < x.rank(); ++i) fits = i == axis || indices.shape()[i] <= x[i];
  if (!fits) {
    fail_invalid(
        "[{}] indices have shape {}, expected the rank of {} and no larger size beyond axis {}", op,
        indices.shape(), x, axis);
  }
}

}  // namespace

Tensor gather(Backend& backend, const Tensor& x, int axis, const Tensor& indices) {
  const int at = normalize_axis("gather", axis, x.rank());
  check_indices("gather", x.shape(), at, indices);
  Tensor out = empty(backend, indices.shape(), x.dtype());
  backend.run(GatherArgs{.x = x, .indices = indices, .out = out, .axis = at});
  return out;
}

Tensor scatter_add(Backend& backend, const Tensor& x, int axis, const Tensor& indices,
                   const Shape& shape) {
  check::floating("scatter_add", "x", x);
  const int at = normalize_axis("scatter_add", axis, shape.rank());
  check_indices("scatter_add", shape, at, indices);
  check::shape("scatter_add", "x", x, indices.shape());
  Tensor into = zeros(backend, shape, x.dtype());
  backend.run(ScatterAddArgs{.x = x, .indices = indices, .into = into, .axis = at});
  return into;
}

}  // namespace alpha
