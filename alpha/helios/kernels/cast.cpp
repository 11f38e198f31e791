#include "alpha/tensor/ops/cast.h"

#include <cmath>

#include "alpha/helios/kernels/launch.h"
#include "alpha/tensor/ops/fill.h"

namespace alpha::helios {

namespace {

std::uint32_t bits_of(double value, DType dtype) {
  std::uint32_t bits = 0;
  visit_dtype(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (sizeof(T) <= sizeof(bits)) {
      T element{};
      if constexpr (std::is_same_v<T, std::int32_t>) {
        if (!std::isnan(value)) {
          element = static_cast<T>(std::clamp(value, -2147483648.0, 2147483647.0));
        }
      } else {
        element = static_cast<T>(value);
      }
      std::memcpy(&bits, &element, sizeof(element));
    }
  });
  return bits;
}

}  // namespace

void cast(HeliosBackend& backend, const CastArgs& args) {
  launch_flat(backend, shader_for("cast", args.dtype()), {number_of(args.out.dtype())},
              {args.x, args.out}, NoParameters{});
}

void fill(HeliosBackend& backend, const FillArgs& args) {
  const Shader& shader = find_shader(size_of(args.dtype()) == 2 ? "fill.b16" : "fill.b32");
  launch_flat(backend, shader, {}, {args.out}, bits_of(args.value, args.dtype()));
}

}  // namespace alpha::helios
