#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "alpha/tensor/tensor.h"

namespace alpha::cpu_ref {

// How every kernel here reads, walks and writes: an element is read as a double (implicitly: each
// element type converts), computed with as a double, and converted once when it is stored.

/// `value` as an element: floats round to nearest even, i32 truncates towards 0 and stays within
/// its range; NaN becomes 0 there.
template<class T>
T convert(double value) noexcept {
  if constexpr (std::is_same_v<T, std::int32_t>) {
    if (std::isnan(value)) return 0;
    return static_cast<std::int32_t>(std::clamp(value, -2147483648.0, 2147483647.0));
  } else {
    return static_cast<T>(value);
  }
}

/// The C++ type of accumulation_dtype(dtype_of<T>()).
template<class T>
using Accumulator = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// visit_dtype for the floating dtypes; nothing happens for i32.
template<class F>
void visit_floating(DType dtype, F&& f) {
  visit_dtype(dtype, [&]<class T>(TypeTag<T> tag) {
    if constexpr (!std::is_same_v<T, std::int32_t>) f(tag);
  });
}

/// f(TypeTag<A>{}, TypeTag<B>{}) for two floating dtypes.
template<class F>
void visit_floating(DType a, DType b, F&& f) {
  visit_floating(a, [&](auto a_tag) { visit_floating(b, [&](auto b_tag) { f(a_tag, b_tag); }); });
}

/// Elements of an optional tensor; null when it is undefined.
template<class T>
T* data_or_null(const Tensor& tensor) {
  return tensor.is_defined() ? tensor.data<T>() : nullptr;
}

/// Calls f(i, a, b) for every position of `shape` in row-major order: i counts positions, a and b
/// are Σ position[axis] · strides[axis] of the two walked tensors.
template<class F>
void walk(const Shape& shape, const Strides& a_strides, const Strides& b_strides, F&& f) {
  const std::int64_t n = shape.numel();
  Strides position{};
  std::int64_t a = 0;
  std::int64_t b = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    f(i, a, b);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const auto at = static_cast<std::size_t>(axis);
      a += a_strides[at];
      b += b_strides[at];
      if (++position[at] < shape[axis]) break;
      a -= position[at] * a_strides[at];
      b -= position[at] * b_strides[at];
      position[at] = 0;
    }
  }
}

/// The same with one walked tensor: f(i, a).
template<class F>
void walk(const Shape& shape, const Strides& strides, F&& f) {
  walk(shape, strides, Strides{},
       [&](std::int64_t i, std::int64_t a, std::int64_t /*b*/) { f(i, a); });
}

/// A shape seen from one of its axes: [outer, n, inner], n the size of the axis.
struct AxisSplit {
  std::int64_t outer = 1;
  std::int64_t n = 1;
  std::int64_t inner = 1;

  AxisSplit(const Shape& shape, int axis) noexcept : n(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }

  /// Calls f(first) once per line along the axis; its elements lie at first + i · inner, i < n.
  template<class F>
  void for_each_line(F&& f) const {
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t i = 0; i < inner; ++i) f(o * n * inner + i);
    }
  }
};

}  // namespace alpha::cpu_ref
