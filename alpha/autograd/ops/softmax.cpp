#include "alpha/tensor/ops/softmax.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable softmax(Tape& tape, const Variable& x, int axis) {
  Tensor y = softmax(tape.backend(), x.data(), axis);
  return tape.record(y, {&x}, [to_x = x.target(), y, axis](Tape& t, const Tensor& dy) {
    t.add_grad(to_x, softmax_backward(t.backend(), y, dy, axis));
  });
}

Variable log_softmax(Tape& tape, const Variable& x, int axis) {
  Tensor y = log_softmax(tape.backend(), x.data(), axis);
  return tape.record(y, {&x}, [to_x = x.target(), y, axis](Tape& t, const Tensor& dy) {
    t.add_grad(to_x, log_softmax_backward(t.backend(), y, dy, axis));
  });
}

}  // namespace alpha
