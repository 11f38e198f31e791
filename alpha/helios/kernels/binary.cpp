#include "alpha/tensor/ops/binary.h"

#include "alpha/helios/kernels/strides.h"

namespace alpha::helios {

namespace {

struct Parameters {
  std::uint32_t rank;
  std::array<std::uint32_t, kMaxRank> sizes;
  std::array<std::array<std::uint32_t, kMaxRank>, 2> strides;
};

/// The tensors as they are, in pieces where they are alike.
template<class Args>
void combine(HeliosBackend& backend, std::uint32_t function, const Args& args) {
  const Shape& shape = args.out.shape();
  const Shader& shader = shader_for("binary", args.dtype());
  if (args.a.shape() == shape && args.b.shape() == shape) {
    // One axis of any length: a piece's own is smaller.
    const Parameters flat = {.rank = 0, .sizes = {}, .strides = {}};
    Parameters one = flat;
    one.rank = 1;
    one.sizes[0] = 0xffff'ffffU;
    one.strides[0][0] = one.strides[1][0] = 1;
    return launch_flat(backend, shader, {function}, {args.a, args.b, args.out}, one);
  }
  check_visible(backend, to_string(Args::kOp), {args.a, args.b, args.out});
  const auto walk = make_walk<2>(
      shape, {broadcast_strides(args.a.shape(), shape), broadcast_strides(args.b.shape(), shape)});
  const Parameters parameters = {walk.rank, walk.sizes, walk.strides};
  launch_once(backend, shader, {function}, {args.a, args.b, args.out}, args.out.numel(),
              parameters);
}

}  // namespace

// The numbers are those of the shader's switch.
void add(HeliosBackend& backend, const AddArgs& args) {
  combine(backend, 0, args);
}

void sub(HeliosBackend& backend, const SubArgs& args) {
  combine(backend, 1, args);
}

void mul(HeliosBackend& backend, const MulArgs& args) {
  combine(backend, 2, args);
}

void div(HeliosBackend& backend, const DivArgs& args) {
  combine(backend, 3, args);
}

}  // namespace alpha::helios
