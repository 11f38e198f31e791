#include "alpha/tensor/ops/unary.h"

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

namespace {

struct Parameters {
  float a;
  float b;
};

template<class Args>
void map(HeliosBackend& backend, std::uint32_t function, const Args& args) {
  const Parameters parameters = {static_cast<float>(args.a), static_cast<float>(args.b)};
  launch_flat(backend, shader_for("unary", args.dtype()), {function}, {args.x, args.out},
              parameters);
}

template<class Args>
void map_backward(HeliosBackend& backend, std::uint32_t function, const Args& args) {
  const Parameters parameters = {static_cast<float>(args.a), static_cast<float>(args.b)};
  launch_flat(backend, shader_for("unary_backward", args.dtype()), {function},
              {args.x, args.dy, args.dx}, parameters);
}

}  // namespace

// The numbers are those of the shaders' switches.
#define ALPHA_UNARY(name, Args, number)                 \
  void name(HeliosBackend& backend, const Args& args) { \
    map(backend, number, args);                         \
  }
ALPHA_UNARY(neg, NegArgs, 0)
ALPHA_UNARY(exp, ExpArgs, 1)
ALPHA_UNARY(log, LogArgs, 2)
ALPHA_UNARY(sqrt, SqrtArgs, 3)
ALPHA_UNARY(pow, PowArgs, 4)
ALPHA_UNARY(scale, ScaleArgs, 5)
ALPHA_UNARY(clamp, ClampArgs, 6)
ALPHA_UNARY(relu, ReluArgs, 7)
ALPHA_UNARY(gelu, GeluArgs, 8)
ALPHA_UNARY(silu, SiluArgs, 9)
ALPHA_UNARY(soft_cap, SoftCapArgs, 10)
#undef ALPHA_UNARY

#define ALPHA_UNARY_BACKWARD(name, Args, number)        \
  void name(HeliosBackend& backend, const Args& args) { \
    map_backward(backend, number, args);                \
  }
ALPHA_UNARY_BACKWARD(clamp_backward, ClampBackwardArgs, 0)
ALPHA_UNARY_BACKWARD(relu_backward, ReluBackwardArgs, 1)
ALPHA_UNARY_BACKWARD(gelu_backward, GeluBackwardArgs, 2)
ALPHA_UNARY_BACKWARD(silu_backward, SiluBackwardArgs, 3)
ALPHA_UNARY_BACKWARD(soft_cap_backward, SoftCapBackwardArgs, 4)
#undef ALPHA_UNARY_BACKWARD

}  // namespace alpha::helios
