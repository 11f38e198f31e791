#include "alpha/tensor/ops/sgd.h"

#include "alpha/helios/kernels/optimizer.h"

namespace alpha::helios {

void sgd(HeliosBackend& backend, const SgdArgs& args) {
  const Rates rates = {.decay = static_cast<float>(args.lr * args.weight_decay),
                       .step = static_cast<float>(args.lr)};
  const std::uint32_t copy = args.copy.is_defined() ? 1 + number_of(args.copy.dtype()) : 0;
  launch_flat(backend, shader_for("sgd", args.dtype()), {copy, args.m.is_defined() ? 1U : 0U},
              {args.parameters, args.gradients, or_else(args.m, args.parameters),
               or_else(args.copy, args.parameters)},
              static_cast<float>(args.momentum), {args.scale}, bytes_of(rates));
}

}  // namespace alpha::helios
