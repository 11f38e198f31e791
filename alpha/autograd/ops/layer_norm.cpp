#include "alpha/tensor/ops/layer_norm.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"

namespace alpha {

Variable layer_norm(Tape& tape, const Variable& x, const Variable& weight, const Variable& bias,
                    double eps) {
  LayerNormResult forward = layer_norm(tape.backend(), x.data(), weight.data(), bias.data(), eps);
  Tensor out = std::exchange(forward.out, Tensor());
  return tape.record(
      std::move(out), {&x, &weight, &bias},
      [x, weight, to_bias = bias.target(), forward](Tape& t, const Tensor& dy) {
        const DType stats = accumulation_dtype(x.dtype());
        const Tensor dweight = weight.requires_grad() ? t.grad_buffer(weight.target())
                                                      : zeros(t.backend(), weight.shape(), stats);
        const Tensor dbias = to_bias.is_needed() ? t.grad_buffer(to_bias) : Tensor();
        t.add_grad(x.target(), layer_norm_backward(t.backend(), x.data(), weight.data(), forward,
                                                   dy, dweight, dbias));
      });
}

}  // namespace alpha
