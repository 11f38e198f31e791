#include "alpha/tensor/shape.h"

#include <algorithm>

namespace alpha {

Shape::Shape(std::initializer_list<std::int64_t> dims)
    : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const std::int64_t> dims) {
  if (dims.size() > static_cast<std::size_t>(kMaxRank)) {
    fail_invalid("[shape] rank is {}, expected at most {}", dims.size(), kMaxRank);
  }
  for (const std::int64_t size : dims) {
    if (size < 0) fail_invalid("[shape] size of axis {} is {}, expected 0 or more", rank_, size);
    dims_[static_cast<std::size_t>(rank_++)] = size;
  }
  check_size();
}

void Shape::check_size() const {
  constexpr std::int64_t kMaxElements = std::int64_t{1} << 60U;
  std::int64_t n = 1;
  for (const std::int64_t size : dims()) {
    if (size == 0) continue;
    if (size > kMaxElements / n) {
      fail_invalid("[shape] {} has more than {} elements", str(), kMaxElements);
    }
    n *= size;
  }
}

std::int64_t Shape::numel() const noexcept {
  std::int64_t n = 1;
  for (const std::int64_t size : dims()) n *= size;
  return n;
}

std::int64_t Shape::rows() const noexcept {
  std::int64_t n = 1;
  for (int axis = 0; axis + 1 < rank_; ++axis) n *= (*this)[axis];
  return n;
}

Shape Shape::with(int axis, std::int64_t size) const {
  Shape result = *this;
  result.dims_[static_cast<std::size_t>(axis)] = size;
  result.check_size();
  return result;
}

Shape Shape::without(int axis) const {
  Shape result;
  for (int i = 0; i < rank_; ++i) {
    if (i != axis) result.dims_[static_cast<std::size_t>(result.rank_++)] = (*this)[i];
  }
  return result;
}

Shape Shape::appended(std::int64_t size) const {
  if (rank_ == kMaxRank)
    fail_invalid("[shape] cannot append to {}: rank {} is the limit", *this, kMaxRank);
  Shape result = *this;
  result.dims_[static_cast<std::size_t>(result.rank_++)] = size;
  result.check_size();
  return result;
}

std::string Shape::str() const {
  return fmt::format("[{}]", fmt::join(dims(), ", "));
}

bool Shape::operator==(const Shape& other) const noexcept {
  return std::ranges::equal(dims(), other.dims());
}

Strides contiguous_strides(const Shape& shape) noexcept {
  Strides strides{};
  std::int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<std::size_t>(axis)] = step;
    step *= shape[axis];
  }
  return strides;
}

Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape result = a.rank() == rank ? a : b;
  for (int i = 1; i <= rank; ++i) {
    const std::int64_t x = i <= a.rank() ? a[a.rank() - i] : 1;
    const std::int64_t y = i <= b.rank() ? b[b.rank() - i] : 1;
    if (x != y && x != 1 && y != 1) {
      fail_invalid(
          "[{}] shapes {} and {} do not broadcast: sizes {} and {} differ and neither is 1", op, a,
          b, x, y);
    }
    result = result.with(rank - i, x == 1 ? y : x);
  }
  return result;
}

bool is_broadcastable_to(const Shape& from, const Shape& to) noexcept {
  if (from.rank() > to.rank()) return false;
  for (int i = 1; i <= from.rank(); ++i) {
    const std::int64_t size = from[from.rank() - i];
    if (size != 1 && size != to[to.rank() - i]) return false;
  }
  return true;
}

Strides broadcast_strides(const Shape& from, const Shape& to) noexcept {
  const Strides own = contiguous_strides(from);
  Strides strides{};
  for (int i = 1; i <= from.rank(); ++i) {
    const int axis = from.rank() - i;
    if (from[axis] != 1) {
      strides[static_cast<std::size_t>(to.rank() - i)] = own[static_cast<std::size_t>(axis)];
    }
  }
  return strides;
}

int normalize_axis(std::string_view op, int axis, int rank) {
  if (axis < -rank || axis >= rank) {
    fail_invalid("[{}] axis is {}, expected {} to {} for rank {}", op, axis, -rank, rank - 1, rank);
  }
  return axis < 0 ? axis + rank : axis;
}

}  // namespace alpha
