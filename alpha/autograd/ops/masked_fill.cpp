#include "alpha/tensor/ops/masked_fill.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable masked_fill(Tape& tape, const Variable& x, const Tensor& mask, double value) {
  return tape.record(masked_fill(tape.backend(), x.data(), mask, value), {&x},
                     [to_x = x.target(), mask](Tape& t, const Tensor& dy) {
                       t.add_grad(to_x, masked_fill(t.backend(), dy, mask, 0));
                     });
}

}  // namespace alpha
