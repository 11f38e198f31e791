#include "alpha/tensor/ops/embedding.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

Tensor embedding(Backend& backend, const Tensor& weight, const Tensor& indices) {
  check::dtype("embedding", "indices", indices, DType::i32);
  if (weight.rank() != 2) {
    fail_invalid("[embedding] weight has shape {}, expected [vocabulary, width]", weight.shape());
  }
  Tensor out = empty(backend, indices.shape().appended(weight.shape()[1]), weight.dtype());
  backend.run(EmbeddingArgs{.weight = weight, .indices = indices, .out = out});
  return out;
}

void embedding_backward(Backend& backend, const Tensor& indices, const Tensor& dy,
                        const Tensor& dweight) {
  check::dtype("embedding_backward", "indices", indices, DType::i32);
  check::floating("embedding_backward", "dy", dy);
  if (dweight.rank() != 2) {
    fail_invalid("[embedding_backward] dweight has shape {}, expected [vocabulary, width]",
                 dweight.shape());
  }
  check::shape("embedding_backward", "dy", dy, indices.shape().appended(dweight.shape()[1]));
  if (dweight.dtype() != dy.dtype()) {
    check::dtype("embedding_backward", "dweight", dweight, accumulation_dtype(dy.dtype()));
  }
  backend.run(EmbeddingBackwardArgs{.indices = indices, .dy = dy, .dweight = dweight});
}

}  // namespace alpha
