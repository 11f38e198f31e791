#include "alpha/tensor/ops/rms_norm.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"

namespace alpha {

Variable rms_norm(Tape& tape, const Variable& x, const Variable& weight, double eps) {
  RmsNormResult forward = rms_norm(tape.backend(), x.data(), weight.data(), eps);
  Tensor out = std::exchange(forward.out, Tensor());
  return tape.record(
      std::move(out), {&x, &weight}, [x, weight, forward](Tape& t, const Tensor& dy) {
        const Tensor dweight = weight.requires_grad() ? t.grad_buffer(weight.target())
                                                      : zeros(t.backend(), weight.shape(),
                                                              accumulation_dtype(x.dtype()));
        t.add_grad(x.target(),
                   rms_norm_backward(t.backend(), x.data(), weight.data(), forward, dy, dweight));
      });
}

}  // namespace alpha
