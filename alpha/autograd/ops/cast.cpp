#include "alpha/tensor/ops/cast.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable cast(Tape& tape, const Variable& x, DType dtype) {
  return tape.record(cast(tape.backend(), x.data(), dtype), {&x},
                     [to_x = x.target()](Tape& t, const Tensor& dy) {
                       t.add_grad(to_x, cast(t.backend(), dy, to_x.dtype));
                     });
}

}  // namespace alpha
