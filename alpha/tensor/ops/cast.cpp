#include "alpha/tensor/ops/cast.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

Tensor cast(Backend& backend, const Tensor& x, DType dtype) {
  Tensor out = empty(backend, x.shape(), dtype);
  backend.run(CastArgs{.x = x, .out = out});
  return out;
}

void cast_into(Backend& backend, const Tensor& x, const Tensor& out) {
  check::shape("cast", "out", out, x.shape());
  check::no_overlap("cast", "x", x, out);
  backend.run(CastArgs{.x = x, .out = out});
}

Tensor clone(Backend& backend, const Tensor& x) {
  return cast(backend, x, x.dtype());
}

}  // namespace alpha
