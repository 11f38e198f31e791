#include "alpha/tensor/ops/unary.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/binary.h"

namespace alpha {

Variable neg(Tape& tape, const Variable& x) {
  return scale(tape, x, -1);
}

Variable exp(Tape& tape, const Variable& x) {
  Tensor y = exp(tape.backend(), x.data());
  return tape.record(y, {&x}, [to_x = x.target(), y](Tape& t, const Tensor& dy) {
    t.add_grad(to_x, mul(t.backend(), dy, y));
  });
}

Variable log(Tape& tape, const Variable& x) {
  return tape.record(log(tape.backend(), x.data()), {&x}, [x](Tape& t, const Tensor& dy) {
    t.add_grad(x.target(), div(t.backend(), dy, x.data()));
  });
}

Variable sqrt(Tape& tape, const Variable& x) {
  Tensor y = sqrt(tape.backend(), x.data());
  return tape.record(y, {&x}, [to_x = x.target(), y](Tape& t, const Tensor& dy) {
    t.add_grad(to_x, scale(t.backend(), div(t.backend(), dy, y), 0.5));
  });
}

Variable pow(Tape& tape, const Variable& x, double exponent) {
  return tape.record(
      pow(tape.backend(), x.data(), exponent), {&x}, [x, exponent](Tape& t, const Tensor& dy) {
        const Tensor slope = scale(t.backend(), pow(t.backend(), x.data(), exponent - 1), exponent);
        t.add_grad(x.target(), mul(t.backend(), dy, slope));
      });
}

Variable scale(Tape& tape, const Variable& x, double factor) {
  return tape.record(scale(tape.backend(), x.data(), factor), {&x},
                     [to_x = x.target(), factor](Tape& t, const Tensor& dy) {
                       t.add_grad(to_x, scale(t.backend(), dy, factor));
                     });
}

Variable clamp(Tape& tape, const Variable& x, double low, double high) {
  return tape.record(clamp(tape.backend(), x.data(), low, high), {&x},
                     [x, low, high](Tape& t, const Tensor& dy) {
                       t.add_grad(x.target(), clamp_backward(t.backend(), x.data(), dy, low, high));
                     });
}

Variable relu(Tape& tape, const Variable& x) {
  return tape.record(relu(tape.backend(), x.data()), {&x}, [x](Tape& t, const Tensor& dy) {
    t.add_grad(x.target(), relu_backward(t.backend(), x.data(), dy));
  });
}

Variable gelu(Tape& tape, const Variable& x) {
  return tape.record(gelu(tape.backend(), x.data()), {&x}, [x](Tape& t, const Tensor& dy) {
    t.add_grad(x.target(), gelu_backward(t.backend(), x.data(), dy));
  });
}

Variable silu(Tape& tape, const Variable& x) {
  return tape.record(silu(tape.backend(), x.data()), {&x}, [x](Tape& t, const Tensor& dy) {
    t.add_grad(x.target(), silu_backward(t.backend(), x.data(), dy));
  });
}

Variable soft_cap(Tape& tape, const Variable& x, double cap) {
  return tape.record(soft_cap(tape.backend(), x.data(), cap), {&x},
                     [x, cap](Tape& t, const Tensor& dy) {
                       t.add_grad(x.target(), soft_cap_backward(t.backend(), x.data(), dy, cap));
                     });
}

}  // namespace alpha
