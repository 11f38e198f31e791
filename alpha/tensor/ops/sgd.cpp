#include "alpha/tensor/ops/sgd.h"

#include "alpha/tensor/ops/check.h"

namespace alpha {

void sgd(Backend& backend, const SgdArgs& args) {
  check::floating("sgd", "parameters", args.parameters);
  check::shape("sgd", "parameters", args.parameters, {args.parameters.numel()});
  check::same("sgd", "gradients", args.gradients, "parameters", args.parameters);
  if (args.m.is_defined()) check::same("sgd", "m", args.m, "parameters", args.parameters);
  if (args.copy.is_defined()) {
    check::floating("sgd", "copy", args.copy);
    check::shape("sgd", "copy", args.copy, args.parameters.shape());
  }
  backend.run(args);
}

}  // namespace alpha
