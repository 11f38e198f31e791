#include "alpha/tensor/ops/lion.h"

#include "alpha/tensor/ops/check.h"

namespace alpha {

void lion(Backend& backend, const LionArgs& args) {
  check::floating("lion", "parameters", args.parameters);
  check::shape("lion", "parameters", args.parameters, {args.parameters.numel()});
  check::same("lion", "gradients", args.gradients, "parameters", args.parameters);
  check::same("lion", "m", args.m, "parameters", args.parameters);
  if (args.copy.is_defined()) {
    check::floating("lion", "copy", args.copy);
    check::shape("lion", "copy", args.copy, args.parameters.shape());
  }
  backend.run(args);
}

}  // namespace alpha
