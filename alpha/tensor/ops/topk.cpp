#include "alpha/tensor/ops/topk.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

TopkResult topk(Backend& backend, const Tensor& x, std::int64_t k, int axis) {
  check::floating("topk", "x", x);
  const int at = normalize_axis("topk", axis, x.rank());
  if (k < 0 || k > x.shape()[at]) {
    fail_invalid("[topk] k is {}, expected 0 to {} for axis {} of {}", k, x.shape()[at], axis,
                 x.shape());
  }
  const Shape shape = x.shape().with(at, k);
  TopkResult result{.values = empty(backend, shape, x.dtype()),
                    .indices = empty(backend, shape, DType::i32)};
  backend.run(TopkArgs{.x = x, .values = result.values, .indices = result.indices, .axis = at});
  return result;
}

Tensor argmax(Backend& backend, const Tensor& x, int axis) {
  const int at = normalize_axis("argmax", axis, x.rank());
  if (x.shape()[at] == 0) {
    fail_invalid("[argmax] axis {} of x {} is empty, expected at least one element", axis,
                 x.shape());
  }
  Tensor out = empty(backend, x.shape().without(at), DType::i32);
  backend.run(ArgmaxArgs{.x = x, .out = out, .axis = at});
  return out;
}

Tensor argmax_all(Backend& backend, const Tensor& x) {
  return argmax(backend, x.reshape({x.numel()}), 0);
}

}  // namespace alpha
