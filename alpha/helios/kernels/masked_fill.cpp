#include "alpha/tensor/ops/masked_fill.h"

#include "alpha/helios/kernels/strides.h"

namespace alpha::helios {

void masked_fill(HeliosBackend& backend, const MaskedFillArgs& args) {
  struct Parameters {
    float value;
    std::uint32_t rank;
    std::array<std::uint32_t, kMaxRank> sizes;
    std::array<std::uint32_t, kMaxRank> mask_strides;
  };

  const Shape& shape = args.x.shape();
  if (shape.numel() == 0) return;
  check_visible(backend, "masked_fill", {args.x, args.mask});
  const auto walk = make_walk<1>(shape, {broadcast_strides(args.mask.shape(), shape)});
  const Parameters parameters = {static_cast<float>(args.value), walk.rank, walk.sizes,
                                 walk.strides[0]};
  launch_once(backend, shader_for("masked_fill", args.dtype()), {}, {args.x, args.mask, args.out},
              shape.numel(), parameters);
}

}  // namespace alpha::helios
