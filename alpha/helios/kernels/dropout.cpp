#include "alpha/tensor/ops/dropout.h"

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

namespace {

struct Parameters {
  float keep_scale;
  std::uint32_t is_dropping;
  std::uint32_t threshold;
  std::uint32_t first_low;
  std::uint32_t first_high;
};

/// As launch_flat, but a piece is told where in the mask it begins.
template<class Args>
void drop(HeliosBackend& backend, const Args& args, const Tensor& residual, bool has_residual) {
  const Shader& shader = shader_for("dropout", args.dtype());
  const std::int64_t n = args.x.numel();
  const std::int64_t piece = piece_of(backend, {args.x});
  for (std::int64_t begin = 0; begin < n; begin += piece) {
    const std::int64_t end = std::min(n, begin + piece);
    const Parameters parameters = {
        .keep_scale = static_cast<float>(1 / (1 - args.p)),
        .is_dropping = args.p > 0 ? 1U : 0U,
        .threshold = DropoutKey::drop_threshold(args.p),
        .first_low = static_cast<std::uint32_t>(begin),
        .first_high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(begin) >> 32U)};
    launch_once(backend, shader, {has_residual ? 1U : 0U},
                {args.x.flat(begin, end), residual.flat(begin, end), args.out.flat(begin, end)},
                end - begin, parameters, bytes_of(KeyNumbers(args.key)));
  }
}

}  // namespace

void dropout(HeliosBackend& backend, const DropoutArgs& args) {
  drop(backend, args, args.x, false);
}

void residual_dropout(HeliosBackend& backend, const ResidualDropoutArgs& args) {
  drop(backend, args, args.residual, true);
}

}  // namespace alpha::helios
