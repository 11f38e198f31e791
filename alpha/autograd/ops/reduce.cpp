#include "alpha/tensor/ops/reduce.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/unary.h"

namespace alpha {

namespace {

/// A sum or mean of shape `y`, whose kept axes are those of `kept`: every element of x gets
/// `factor` times its gradient.
Variable record_reduction(Tape& tape, const Variable& x, Tensor y, const Shape& kept,
                          double factor) {
  return tape.record(
      std::move(y), {&x}, [to_x = x.target(), kept, factor](Tape& t, const Tensor& dy) {
        const Tensor scaled = factor == 1 ? dy : scale(t.backend(), dy, factor);
        t.add_grad(to_x, broadcast_to(t.backend(), scaled.reshape(kept), to_x.shape));
      });
}

Shape kept_shape(std::string_view op, const Variable& x, int axis) {
  return x.shape().with(normalize_axis(op, axis, x.shape().rank()), 1);
}

}  // namespace

Variable sum(Tape& tape, const Variable& x) {
  return record_reduction(tape, x, sum(tape.backend(), x.data()), {}, 1);
}

Variable mean(Tape& tape, const Variable& x) {
  return record_reduction(tape, x, mean(tape.backend(), x.data()), {},
                          1.0 / static_cast<double>(x.data().numel()));
}

Variable sum(Tape& tape, const Variable& x, int axis, bool keepdims) {
  return record_reduction(tape, x, sum(tape.backend(), x.data(), axis, keepdims),
                          kept_shape("sum", x, axis), 1);
}

Variable mean(Tape& tape, const Variable& x, int axis, bool keepdims) {
  Tensor y = mean(tape.backend(), x.data(), axis, keepdims);
  const auto count = static_cast<double>(x.shape()[normalize_axis("mean", axis, x.shape().rank())]);
  return record_reduction(tape, x, std::move(y), kept_shape("mean", x, axis), 1.0 / count);
}

Variable broadcast_to(Tape& tape, const Variable& x, const Shape& shape) {
  return tape.record(broadcast_to(tape.backend(), x.data(), shape), {&x},
                     [to_x = x.target()](Tape& t, const Tensor& dy) {
                       t.add_grad(to_x, sum_to(t.backend(), dy, to_x.shape));
                     });
}

}  // namespace alpha
