#include "alpha/tensor/ops/cross_entropy.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable cross_entropy(Tape& tape, const Variable& logits, const Tensor& targets,
                       std::int32_t ignore_index) {
  const CrossEntropyResult forward =
      cross_entropy(tape.backend(), logits.data(), targets, ignore_index);
  return tape.record(forward.loss, {&logits},
                     [logits, targets, lse = forward.lse, ignore_index](Tape& t, const Tensor& dy) {
                       t.add_grad(logits.target(),
                                  cross_entropy_backward(t.backend(), logits.data(), targets, lse,
                                                         dy, logits.target().dtype, ignore_index));
                     });
}

}  // namespace alpha
