#include "alpha/tensor/ops/dropout.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable dropout(Tape& tape, const Variable& x, double p, DropoutKey key) {
  if (p == 0) return x;
  return tape.record(dropout(tape.backend(), x.data(), p, key), {&x},
                     [to_x = x.target(), p, key](Tape& t, const Tensor& dy) {
                       t.add_grad(to_x, dropout(t.backend(), dy, p, key));
                     });
}

Variable residual_dropout(Tape& tape, const Variable& residual, const Variable& x, double p,
                          DropoutKey key) {
  if (p == 0) return add(tape, residual, x);
  return tape.record(
      residual_dropout(tape.backend(), residual.data(), x.data(), p, key), {&residual, &x},
      [to_residual = residual.target(), to_x = x.target(), p, key](Tape& t, const Tensor& dy) {
        t.add_grad(to_residual, dy);
        if (to_x.is_needed()) t.add_grad(to_x, dropout(t.backend(), dy, p, key));
      });
}

}  // namespace alpha
