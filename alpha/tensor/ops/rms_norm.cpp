#include "alpha/tensor/ops/rms_norm.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

RmsNormResult rms_norm(Backend& backend, const Tensor& x, const Tensor& weight, double eps) {
  check::floating("rms_norm", "x", x);
  check::min_rank("rms_norm", "x", x, 1);
  check::shape("rms_norm", "weight", weight, {x.shape().back()});
  check::dtype("rms_norm", "weight", weight, x.dtype());
  RmsNormResult result{.out = empty(backend, x.shape(), x.dtype()),
                       .rstd = empty(backend, {x.shape().rows()}, accumulation_dtype(x.dtype()))};
  backend.run(RmsNormArgs{.x = x.as_matrix(),
                          .weight = weight,
                          .out = result.out.as_matrix(),
                          .rstd = result.rstd,
                          .eps = eps});
  return result;
}

Tensor rms_norm_backward(Backend& backend, const Tensor& x, const Tensor& weight,
                         const RmsNormResult& forward, const Tensor& dy, const Tensor& dweight) {
  check::same("rms_norm_backward", "dy", dy, "x", x);
  check::shape("rms_norm_backward", "weight", weight, {x.shape().back()});
  check::dtype("rms_norm_backward", "weight", weight, x.dtype());
  check::shape("rms_norm_backward", "rstd", forward.rstd, {x.shape().rows()});
  check::dtype("rms_norm_backward", "rstd", forward.rstd, accumulation_dtype(x.dtype()));
  check::shape("rms_norm_backward", "dweight", dweight, weight.shape());
  check::dtype("rms_norm_backward", "dweight", dweight, accumulation_dtype(x.dtype()));
  Tensor dx = empty(backend, x.shape(), x.dtype());
  backend.run(RmsNormBackwardArgs{.x = x.as_matrix(),
                                  .weight = weight,
                                  .rstd = forward.rstd,
                                  .dy = dy.as_matrix(),
                                  .dx = dx.as_matrix(),
                                  .dweight = dweight});
  return dx;
}

}  // namespace alpha
