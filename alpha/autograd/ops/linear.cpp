#include "alpha/tensor/ops/linear.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/reduce.h"
#include "alpha/tensor/ops/unary.h"

namespace alpha {

namespace {

Tensor activation_backward(Backend& backend, Activation activation, const Tensor& pre,
                           const Tensor& dy) {
  switch (activation) {
    case Activation::none: return dy;
    case Activation::gelu: return gelu_backward(backend, pre, dy);
    case Activation::relu: return relu_backward(backend, pre, dy);
    case Activation::silu: return silu_backward(backend, pre, dy);
  }
  return dy;
}

}  // namespace

Variable linear(Tape& tape, const Variable& x, const Variable& weight, const Variable& bias,
                LinearLayer layer) {
  Tensor pre;
  Tensor y = linear(tape.backend(), x.data(), weight.data(), bias.data(),
                    {.activation = layer.activation,
                     .pre = tape.is_recording() ? &pre : nullptr,
                     .is_output_accumulation_dtype = layer.is_output_accumulation_dtype});
  return tape.record(
      std::move(y), {&x, &weight, &bias},
      [x, weight, to_bias = bias.target(), pre, activation = layer.activation](Tape& t,
                                                                               const Tensor& dy) {
        Backend& backend = t.backend();
        const Tensor dpre = activation_backward(backend, activation, pre, dy);
        if (x.requires_grad()) t.add_grad(x.target(), matmul(backend, dpre, weight.data()));
        if (weight.requires_grad()) {
          matmul_accumulate(backend, dpre.as_matrix(), x.data().as_matrix(),
                            t.grad_buffer(weight.target()), {.trans_a = true});
        }
        if (to_bias.is_needed()) {
          const Tensor into = t.grad_buffer(to_bias);
          sum_to_accumulate(backend, dpre.as_matrix(), into.reshape({1, into.numel()}));
        }
      },
      x.dtype());
}

}  // namespace alpha
