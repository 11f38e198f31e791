#include "alpha/tensor/ops/swiglu.h"

#include "alpha/autograd/ops.h"

namespace alpha {

Variable swiglu(Tape& tape, const Variable& gate, const Variable& up) {
  return tape.record(swiglu(tape.backend(), gate.data(), up.data()), {&gate, &up},
                     [gate, up](Tape& t, const Tensor& dy) {
                       const SwigluGrads grads =
                           swiglu_backward(t.backend(), gate.data(), up.data(), dy);
                       t.add_grad(gate.target(), grads.dgate);
                       t.add_grad(up.target(), grads.dup);
                     });
}

}  // namespace alpha
