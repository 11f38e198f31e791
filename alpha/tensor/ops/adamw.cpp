#include "alpha/tensor/ops/adamw.h"

#include "alpha/tensor/ops/check.h"

namespace alpha {

void adamw(Backend& backend, const AdamwArgs& args) {
  check::floating("adamw", "parameters", args.parameters);
  check::shape("adamw", "parameters", args.parameters, {args.parameters.numel()});
  check::same("adamw", "gradients", args.gradients, "parameters", args.parameters);
  check::same("adamw", "m", args.m, "parameters", args.parameters);
  check::same("adamw", "v", args.v, "parameters", args.parameters);
  if (args.copy.is_defined()) {
    check::floating("adamw", "copy", args.copy);
    check::shape("adamw", "copy", args.copy, args.parameters.shape());
  }
  backend.run(args);
}

}  // namespace alpha
