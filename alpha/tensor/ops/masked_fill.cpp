#include "alpha/tensor/ops/masked_fill.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

Tensor masked_fill(Backend& backend, const Tensor& x, const Tensor& mask, double value) {
  check::dtype("masked_fill", "mask", mask, x.dtype());
  if (!is_broadcastable_to(mask.shape(), x.shape())) {
    fail_invalid("[masked_fill] mask {} does not broadcast to x {}", mask.shape(), x.shape());
  }
  Tensor out = empty(backend, x.shape(), x.dtype());
  backend.run(MaskedFillArgs{.x = x, .mask = mask, .out = out, .value = value});
  return out;
}

}  // namespace alpha
