#include "alpha/tensor/ops/binary.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/reduce.h"
#include "alpha/tensor/ops/unary.h"

namespace alpha {

namespace {

/// Hands `gradient`, of the broadcast shape, to an operand that may have been broadcast.
void add_unbroadcast(Tape& tape, const GradTarget& target, const Tensor& gradient) {
  if (!target.is_needed()) return;
  tape.add_grad(target, gradient.shape() == target.shape
                            ? gradient
                            : sum_to(tape.backend(), gradient, target.shape));
}

}  // namespace

Variable add(Tape& tape, const Variable& a, const Variable& b) {
  return tape.record(add(tape.backend(), a.data(), b.data()), {&a, &b},
                     [to_a = a.target(), to_b = b.target()](Tape& t, const Tensor& dy) {
                       add_unbroadcast(t, to_a, dy);
                       add_unbroadcast(t, to_b, dy);
                     });
}

Variable sub(Tape& tape, const Variable& a, const Variable& b) {
  return tape.record(sub(tape.backend(), a.data(), b.data()), {&a, &b},
                     [to_a = a.target(), to_b = b.target()](Tape& t, const Tensor& dy) {
                       add_unbroadcast(t, to_a, dy);
                       if (to_b.is_needed()) add_unbroadcast(t, to_b, neg(t.backend(), dy));
                     });
}

Variable mul(Tape& tape, const Variable& a, const Variable& b) {
  return tape.record(mul(tape.backend(), a.data(), b.data()), {&a, &b},
                     [a, b](Tape& t, const Tensor& dy) {
                       if (a.requires_grad())
                         add_unbroadcast(t, a.target(), mul(t.backend(), dy, b.data()));
                       if (b.requires_grad())
                         add_unbroadcast(t, b.target(), mul(t.backend(), dy, a.data()));
                     });
}

Variable div(Tape& tape, const Variable& a, const Variable& b) {
  Tensor y = div(tape.backend(), a.data(), b.data());
  return tape.record(y, {&a, &b}, [to_a = a.target(), b, y](Tape& t, const Tensor& dy) {
    const Tensor da = div(t.backend(), dy, b.data());
    add_unbroadcast(t, to_a, da);
    if (b.requires_grad()) {
      add_unbroadcast(t, b.target(), neg(t.backend(), mul(t.backend(), da, y)));  // -dy a / b²
    }
  });
}

}  // namespace alpha
