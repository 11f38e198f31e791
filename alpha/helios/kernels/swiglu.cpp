#include "alpha/tensor/ops/swiglu.h"

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

void swiglu(HeliosBackend& backend, const SwigluArgs& args) {
  launch_flat(backend, shader_for("swiglu", args.dtype()), {}, {args.gate, args.up, args.out},
              NoParameters{});
}

void swiglu_backward(HeliosBackend& backend, const SwigluBackwardArgs& args) {
  launch_flat(backend, shader_for("swiglu_backward", args.dtype()), {},
              {args.gate, args.up, args.dy, args.dgate, args.dup}, NoParameters{});
}

}  // namespace alpha::helios
