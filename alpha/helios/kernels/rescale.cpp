#include "alpha/tensor/ops/rescale.h"

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

void rescale(HeliosBackend& backend, const RescaleArgs& args) {
  launch_flat(backend, shader_for("rescale", args.dtype()), {}, {args.x},
              static_cast<float>(args.present), {args.wanted});
}

}  // namespace alpha::helios
