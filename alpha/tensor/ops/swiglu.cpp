#include "alpha/tensor/ops/swiglu.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

Tensor swiglu(Backend& backend, const Tensor& gate, const Tensor& up) {
  check::floating("swiglu", "gate", gate);
  check::same("swiglu", "up", up, "gate", gate);
  Tensor out = empty(backend, gate.shape(), gate.dtype());
  backend.run(SwigluArgs{.gate = gate, .up = up, .out = out});
  return out;
}

SwigluGrads swiglu_backward(Backend& backend, const Tensor& gate, const Tensor& up,
                            const Tensor& dy) {
  check::floating("swiglu_backward", "gate", gate);
  check::same("swiglu_backward", "up", up, "gate", gate);
  check::same("swiglu_backward", "dy", dy, "gate", gate);
  SwigluGrads grads{.dgate = empty(backend, gate.shape(), gate.dtype()),
                    .dup = empty(backend, gate.shape(), gate.dtype())};
  backend.run(
      SwigluBackwardArgs{.gate = gate, .up = up, .dy = dy, .dgate = grads.dgate, .dup = grads.dup});
  return grads;
}

}  // namespace alpha
