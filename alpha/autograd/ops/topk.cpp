#include "alpha/tensor/ops/topk.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/gather.h"

namespace alpha {

TopkVariables topk(Tape& tape, const Variable& x, std::int64_t k, int axis) {
  const TopkResult top = topk(tape.backend(), x.data(), k, axis);
  Variable values =
      tape.record(top.values, {&x},
                  [to_x = x.target(), axis, indices = top.indices](Tape& t, const Tensor& dy) {
                    t.add_grad(to_x, scatter_add(t.backend(), dy, axis, indices, to_x.shape));
                  });
  return {.values = values, .indices = top.indices};
}

}  // namespace alpha
