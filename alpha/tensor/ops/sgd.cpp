#include "alpha/tensor/ops/sgd.h"

#include "alpha/tensor/ops/check.h"

namespace alpha {

void sgd(Backend& backend, const SgdArgs& args) {
  check::optimizer("sgd", args);
  if (args.m.is_defined()) check::same("sgd", "m", args.m, "parameters", args.parameters);
  backend.run(args);
}

}  // namespace alpha
