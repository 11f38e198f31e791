#include "alpha/tensor/ops/rescale.h"

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

namespace {

struct Parameters {
  std::uint32_t n;
  float present;
};

}  // namespace

void rescale(HeliosBackend& backend, const RescaleArgs& args) {
  const std::int64_t n = args.x.numel();
  const std::int64_t piece = piece_of(backend, {args.x});
  for (std::int64_t begin = 0; begin < n; begin += piece) {
    const std::int64_t end = std::min(n, begin + piece);
    const std::array<Tensor, 2> tensors = {args.x.flat(begin, end), args.wanted};
    const Parameters parameters = {u32(end - begin), static_cast<float>(args.present)};
    backend.dispatch({.shader = &shader_for("rescale", args.dtype()),
                      .constants = {kWorkgroup},
                      .tensors = tensors,
                      .parameters = bytes_of(parameters),
                      .groups_x = groups_for(end - begin, kWorkgroup)});
  }
}

}  // namespace alpha::helios
