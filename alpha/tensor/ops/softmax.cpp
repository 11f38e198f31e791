#include "alpha/tensor/ops/softmax.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

template<OpId op>
Tensor forward(Backend& backend, const Tensor& x, int axis) {
  check::floating(to_string(op), "x", x);
  const int at = normalize_axis(to_string(op), axis, x.rank());
  if (x.shape()[at] == 0 && x.shape().with(at, 1).numel() > 0) {
    fail_invalid("[{}] axis {} of x {} is empty, expected at least one element", to_string(op),
                 axis, x.shape());
  }
  Tensor out = empty(backend, x.shape(), x.dtype());
  backend.run(SoftmaxFamilyArgs<op>{.x = x, .out = out, .axis = at});
  return out;
}

template<OpId op>
Tensor backward(Backend& backend, const Tensor& y, const Tensor& dy, int axis) {
  check::floating(to_string(op), "y", y);
  check::same(to_string(op), "dy", dy, "y", y);
  Tensor dx = empty(backend, y.shape(), y.dtype());
  const int at = normalize_axis(to_string(op), axis, y.rank());
  backend.run(SoftmaxFamilyBackwardArgs<op>{.y = y, .dy = dy, .dx = dx, .axis = at});
  return dx;
}

}  // namespace

Tensor softmax(Backend& backend, const Tensor& x, int axis) {
  return forward<OpId::softmax>(backend, x, axis);
}

Tensor log_softmax(Backend& backend, const Tensor& x, int axis) {
  return forward<OpId::log_softmax>(backend, x, axis);
}

Tensor softmax_backward(Backend& backend, const Tensor& y, const Tensor& dy, int axis) {
  return backward<OpId::softmax_backward>(backend, y, dy, axis);
}

Tensor log_softmax_backward(Backend& backend, const Tensor& y, const Tensor& dy, int axis) {
  return backward<OpId::log_softmax_backward>(backend, y, dy, axis);
}

}  // namespace alpha
