#include "alpha/tensor/ops/adamw.h"

#include "alpha/tensor/ops/check.h"

namespace alpha {

void adamw(Backend& backend, const AdamwArgs& args) {
  check::optimizer("adamw", args);
  check::same("adamw", "m", args.m, "parameters", args.parameters);
  check::same("adamw", "v", args.v, "parameters", args.parameters);
  backend.run(args);
}

}  // namespace alpha
