#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "alpha/core/error.h"

namespace alpha {

inline constexpr int kMaxRank = 6;

/// Sizes of a row-major tensor, outermost first; rank 0 is a scalar. A value without allocation.
/// Error: rank above 6, a negative size, 2^60 elements or more.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);  // NOLINT(google-explicit-constructor)
  explicit Shape(std::span<const std::int64_t> dims);

  int rank() const noexcept { return rank_; }

  std::int64_t numel() const noexcept;

  std::int64_t operator[](int axis) const noexcept { return dims_[static_cast<std::size_t>(axis)]; }

  /// Size of the last axis; 1 for a scalar.
  std::int64_t back() const noexcept { return rank_ == 0 ? 1 : (*this)[rank_ - 1]; }

  /// Product of all sizes but the last: the number of rows when the last axis is a row.
  std::int64_t rows() const noexcept;

  std::span<const std::int64_t> dims() const noexcept {
    return {dims_.data(), static_cast<std::size_t>(rank_)};
  }

  /// A copy with axis `axis` set to `size`.
  Shape with(int axis, std::int64_t size) const;

  /// A copy without axis `axis`.
  Shape without(int axis) const;

  /// A copy with `size` appended as the last axis.
  Shape appended(std::int64_t size) const;

  /// "[2, 3]".
  std::string str() const;

  bool operator==(const Shape& other) const noexcept;

 private:
  void check_size() const;

  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

/// One stride in elements per axis.
using Strides = std::array<std::int64_t, kMaxRank>;

/// Row-major strides of a contiguous tensor.
Strides contiguous_strides(const Shape& shape) noexcept;

/// NumPy's rule: right-aligned, sizes equal or 1. Error: `[op] …` with both shapes.
Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b);

/// True when `from` broadcasts to exactly `to`.
bool is_broadcastable_to(const Shape& from, const Shape& to) noexcept;

/// Strides that walk a contiguous tensor of shape `from` as if it had shape `to`: 0 along broadcast
/// axes. Requires is_broadcastable_to(from, to).
Strides broadcast_strides(const Shape& from, const Shape& to) noexcept;

/// Accepts negative axes, counted from the end. Error: `[op] axis …`.
int normalize_axis(std::string_view op, int axis, int rank);

}  // namespace alpha

template<>
struct fmt::formatter<alpha::Shape> : fmt::formatter<std::string> {
  template<class Context>
  auto format(const alpha::Shape& shape, Context& context) const {
    return fmt::formatter<std::string>::format(shape.str(), context);
  }
};
