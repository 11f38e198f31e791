#pragma once

#include "alpha/helios/kernels/launch.h"
#include "alpha/tensor/shape.h"

namespace alpha::helios {

/// A box of positions with the strides of `n` tensors over it, as shaders walk them. Axes of size 1
/// are left out, and neighbours that every tensor walks as one are one.
template<std::size_t n>
struct Walk {
  std::uint32_t rank = 0;
  std::array<std::uint32_t, kMaxRank> sizes = {};
  std::array<std::array<std::uint32_t, kMaxRank>, n> strides = {};
};

template<std::size_t n>
Walk<n> make_walk(const Shape& shape, const std::array<Strides, n>& strides) {
  Walk<n> walk;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    if (shape[axis] == 1) continue;
    const auto size = static_cast<std::uint32_t>(shape[axis]);
    bool is_joined = walk.rank > 0;
    for (std::size_t i = 0; i < n && is_joined; ++i) {
      is_joined = walk.strides[i][walk.rank - 1] == strides[i][at] * shape[axis];
    }
    if (!is_joined) ++walk.rank;
    walk.sizes[walk.rank - 1] = is_joined ? walk.sizes[walk.rank - 1] * size : size;
    for (std::size_t i = 0; i < n; ++i) {
      walk.strides[i][walk.rank - 1] = static_cast<std::uint32_t>(strides[i][at]);
    }
  }
  return walk;
}

}  // namespace alpha::helios
