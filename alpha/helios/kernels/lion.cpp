#include "alpha/tensor/ops/lion.h"

#include "alpha/helios/kernels/optimizer.h"

namespace alpha::helios {

void lion(HeliosBackend& backend, const LionArgs& args) {
  struct Parameters {
    float beta1, beta2, rest1, rest2;
  };

  const Parameters parameters = {.beta1 = static_cast<float>(args.beta1),
                                 .beta2 = static_cast<float>(args.beta2),
                                 .rest1 = static_cast<float>(1 - args.beta1),
                                 .rest2 = static_cast<float>(1 - args.beta2)};
  const Rates rates = {.decay = static_cast<float>(args.lr * args.weight_decay),
                       .step = static_cast<float>(args.lr)};
  const std::uint32_t copy = args.copy.is_defined() ? 1 + number_of(args.copy.dtype()) : 0;
  launch_flat(backend, shader_for("lion", args.dtype()), {copy},
              {args.parameters, args.gradients, args.m, or_else(args.copy, args.parameters)},
              parameters, {args.scale}, bytes_of(rates));
}

}  // namespace alpha::helios
