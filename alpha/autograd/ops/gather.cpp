#include "alpha/tensor/ops/gather.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable gather(Tape& tape, const Variable& x, int axis, const Tensor& indices) {
  return tape.record(gather(tape.backend(), x.data(), axis, indices), {&x},
                     [to_x = x.target(), axis, indices](Tape& t, const Tensor& dy) {
                       t.add_grad(to_x, scatter_add(t.backend(), dy, axis, indices, to_x.shape));
                     });
}

}  // namespace alpha
