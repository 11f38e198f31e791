#include "alpha/tensor/ops/gradient_scale.h"

#include <bit>
#include <cmath>
#include <limits>

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

namespace {

using Bits = std::array<std::uint32_t, 2>;

/// The largest sum of squares whose root is not above `limit`, so that the device decides as a host
/// does that computes in double; 0: no limit.
Bits most_squares(double limit) {
  constexpr double kMost = std::numeric_limits<double>::max();
  double squares = limit > 0 ? std::min(limit * limit, kMost) : kMost;
  while (std::sqrt(squares) > limit && limit > 0) squares = std::nextafter(squares, 0.0);
  while (squares < kMost && !(std::sqrt(std::nextafter(squares, kMost)) > limit)) {
    squares = std::nextafter(squares, kMost);
  }
  return std::bit_cast<Bits>(squares);
}

}  // namespace

void gradient_scale(HeliosBackend& backend, const GradientScaleArgs& args) {
  struct Parameters {
    std::uint32_t n;
    float clip;
    std::int32_t clip_exponent;
    Bits most_unclipped, most_unskipped;
  };

  int exponent = 0;
  const double clip = std::frexp(args.clip, &exponent);
  const Parameters parameters = {.n = u32(args.losses.numel()),
                                 .clip = static_cast<float>(clip),
                                 .clip_exponent = exponent,
                                 .most_unclipped = most_squares(args.clip),
                                 .most_unskipped = most_squares(args.spike_threshold)};
  const std::array tensors = {args.losses, args.squares, args.scale, args.report};
  backend.dispatch({.shader = &shader_for("gradient_scale", args.dtype()),
                    .constants = {kWorkgroup},
                    .tensors = tensors,
                    .parameters = bytes_of(parameters)});
}

}  // namespace alpha::helios
