#include "alpha/tensor/ops/cross_entropy.h"

#include <utility>

#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/rescale.h"

namespace alpha {

Variable cross_entropy(Tape& tape, const Variable& logits, const Tensor& targets,
                       const CrossEntropyOptions& options) {
  Backend& backend = tape.backend();
  if (!tape.is_recording() || !logits.requires_grad()) {
    return Variable(cross_entropy(backend, logits.data(), targets, options.ignore_index));
  }
  CrossEntropyGradient forward = cross_entropy_gradient(
      backend, logits.data(), targets, logits.target().dtype, options.dloss, options.ignore_index);
  // An op's backward runs once: dlogits are nobody else's, and are handed on.
  return tape.record(std::move(forward.loss), {&logits},
                     [to = logits.target(), dlogits = std::move(forward.dlogits),
                      dloss = options.dloss](Tape& t, const Tensor& dy) mutable {
                       rescale(t.backend(), dlogits, dy, dloss);
                       t.add_grad(to, std::move(dlogits));
                     });
}

}  // namespace alpha
