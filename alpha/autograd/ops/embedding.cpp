#include "alpha/tensor/ops/embedding.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable embedding(Tape& tape, const Variable& weight, const Tensor& indices) {
  return tape.record(embedding(tape.backend(), weight.data(), indices), {&weight},
                     [to_weight = weight.target(), indices](Tape& t, const Tensor& dy) {
                       embedding_backward(t.backend(), indices, dy, t.grad_buffer(to_weight));
                     });
}

}  // namespace alpha
