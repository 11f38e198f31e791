#include "alpha/tensor/ops/fill.h"

namespace alpha {

void fill(Backend& backend, const Tensor& out, double value) {
  backend.run(FillArgs{.out = out, .value = value});
}

}  // namespace alpha
