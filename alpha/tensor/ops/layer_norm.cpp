#include "alpha/tensor/ops/layer_norm.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

LayerNormResult layer_norm(Backend& backend, const Tensor& x, const Tensor& weight,
                           const Tensor& bias, double eps) {
  check::floating("layer_norm", "x", x);
  check::min_rank("layer_norm", "x", x, 1);
  check::shape("layer_norm", "weight", weight, {x.shape().back()});
  check::dtype("layer_norm", "weight", weight, x.dtype());
  if (bias.is_defined()) check::same("layer_norm", "bias", bias, "weight", weight);
  const DType stats = accumulation_dtype(x.dtype());
  LayerNormResult result{.out = empty(backend, x.shape(), x.dtype()),
                         .mean = empty(backend, {x.shape().rows()}, stats),
                         .rstd = empty(backend, {x.shape().rows()}, stats)};
  backend.run(LayerNormArgs{.x = x.as_matrix(),
                            .weight = weight,
                            .bias = bias,
                            .out = result.out.as_matrix(),
                            .mean = result.mean,
                            .rstd = result.rstd,
                            .eps = eps});
  return result;
}

Tensor layer_norm_backward(Backend& backend, const Tensor& x, const Tensor& weight,
                           const LayerNormResult& forward, const Tensor& dy, const Tensor& dweight,
                           const Tensor& dbias) {
  check::same("layer_norm_backward", "dy", dy, "x", x);
  check::shape("layer_norm_backward", "weight", weight, {x.shape().back()});
  check::dtype("layer_norm_backward", "weight", weight, x.dtype());
  check::shape("layer_norm_backward", "mean", forward.mean, {x.shape().rows()});
  check::shape("layer_norm_backward", "rstd", forward.rstd, {x.shape().rows()});
  check::dtype("layer_norm_backward", "mean", forward.mean, accumulation_dtype(x.dtype()));
  check::dtype("layer_norm_backward", "rstd", forward.rstd, accumulation_dtype(x.dtype()));
  check::shape("layer_norm_backward", "dweight", dweight, weight.shape());
  check::dtype("layer_norm_backward", "dweight", dweight, accumulation_dtype(x.dtype()));
  if (dbias.is_defined()) check::same("layer_norm_backward", "dbias", dbias, "dweight", dweight);
  Tensor dx = empty(backend, x.shape(), x.dtype());
  backend.run(LayerNormBackwardArgs{.x = x.as_matrix(),
                                    .weight = weight,
                                    .mean = forward.mean,
                                    .rstd = forward.rstd,
                                    .dy = dy.as_matrix(),
                                    .dx = dx.as_matrix(),
                                    .dweight = dweight,
                                    .dbias = dbias});
  return dx;
}

}  // namespace alpha
