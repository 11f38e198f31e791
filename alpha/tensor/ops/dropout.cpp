#include "alpha/tensor/ops/dropout.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/binary.h"
#include "alpha/tensor/ops/cast.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

Tensor dropout(Backend& backend, const Tensor& x, double p, DropoutKey key) {
  check::floating("dropout", "x", x);
  check::probability("dropout", p);
  if (p == 0) return clone(backend, x);
  Tensor out = empty(backend, x.shape(), x.dtype());
  backend.run(DropoutArgs{.x = x, .out = out, .p = p, .key = key});
  return out;
}

Tensor residual_dropout(Backend& backend, const Tensor& residual, const Tensor& x, double p,
                        DropoutKey key) {
  check::floating("residual_dropout", "residual", residual);
  check::same("residual_dropout", "x", x, "residual", residual);
  check::probability("residual_dropout", p);
  if (p == 0) return add(backend, residual, x);
  Tensor out = empty(backend, x.shape(), x.dtype());
  backend.run(ResidualDropoutArgs{.residual = residual, .x = x, .out = out, .p = p, .key = key});
  return out;
}

}  // namespace alpha
