#include "alpha/tensor/ops/lion.h"

#include "alpha/tensor/ops/check.h"

namespace alpha {

void lion(Backend& backend, const LionArgs& args) {
  check::optimizer("lion", args);
  check::same("lion", "m", args.m, "parameters", args.parameters);
  backend.run(args);
}

}  // namespace alpha
