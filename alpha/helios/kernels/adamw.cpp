#include "alpha/tensor/ops/adamw.h"

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

void adamw(HeliosBackend& backend, const AdamwArgs& args) {
  struct Parameters {
    float decay, step, beta1, beta2, rest1, rest2, v_scale, eps;
  };

  const Parameters parameters = {.decay = static_cast<float>(args.lr * args.weight_decay),
                                 .step = static_cast<float>(args.lr / args.bias_correction1),
                                 .beta1 = static_cast<float>(args.beta1),
                                 .beta2 = static_cast<float>(args.beta2),
                                 .rest1 = static_cast<float>(1 - args.beta1),
                                 .rest2 = static_cast<float>(1 - args.beta2),
                                 .v_scale = static_cast<float>(1 / args.bias_correction2),
                                 .eps = static_cast<float>(args.eps)};
  const std::uint32_t copy = args.copy.is_defined() ? 1 + number_of(args.copy.dtype()) : 0;
  // Where there is no copy, the shader is given something that it does not touch.
  launch_flat(backend, shader_for("adamw", args.dtype()), {copy},
              {args.parameters, args.gradients, args.m, args.v,
               args.copy.is_defined() ? args.copy : args.parameters},
              parameters, {args.scale});
}

}  // namespace alpha::helios
