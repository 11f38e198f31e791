#include "alpha/tensor/ops/rescale.h"

#include <cmath>

#include "alpha/tensor/ops/check.h"

namespace alpha {

void rescale(Backend& backend, const Tensor& x, const Tensor& wanted, double present) {
  check::floating("rescale", "x", x);
  check::shape("rescale", "wanted", wanted, {});
  check::dtype("rescale", "wanted", wanted, accumulation_dtype(x.dtype()));
  check::no_overlap("rescale", "wanted", wanted, x);
  if (present == 0 || !std::isfinite(present)) {
    fail_invalid("[rescale] present is {}, expected a finite number that is not 0", present);
  }
  backend.run(RescaleArgs{.x = x, .wanted = wanted, .present = present});
}

}  // namespace alpha
