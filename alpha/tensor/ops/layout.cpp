#include "alpha/tensor/ops/layout.h"

#include <algorithm>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

Index to_index(std::string_view op, std::span<const std::int64_t> values, int rank) {
  if (values.size() != static_cast<std::size_t>(rank)) {
    fail_invalid("[{}] got {} positions, expected {}", op, values.size(), rank);
  }
  Index index{};
  std::ranges::copy(values, index.begin());
  return index;
}

}  // namespace

Tensor transpose(Backend& backend, const Tensor& x, int axis0, int axis1) {
  const int i = normalize_axis("transpose", axis0, x.rank());
  const int j = normalize_axis("transpose", axis1, x.rank());
  Tensor out = empty(backend, x.shape().with(i, x.shape()[j]).with(j, x.shape()[i]), x.dtype());
  backend.run(TransposeArgs{.x = x, .out = out, .axis0 = i, .axis1 = j});
  return out;
}

Tensor slice(Backend& backend, const Tensor& x, std::span<const std::int64_t> starts,
             std::span<const std::int64_t> ends) {
  const Index begin = to_index("slice", starts, x.rank());
  const Index end = to_index("slice", ends, x.rank());
  Shape shape = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    if (begin[a] < 0 || begin[a] > end[a] || end[a] > x.shape()[axis]) {
      fail_invalid("[slice] axis {} of x {}: got {} to {}, expected 0 <= start <= end <= {}", axis,
                   x.shape(), begin[a], end[a], x.shape()[axis]);
    }
    shape = shape.with(axis, end[a] - begin[a]);
  }
  Tensor out = empty(backend, shape, x.dtype());
  backend.run(SliceArgs{.x = x, .out = out, .starts = begin});
  return out;
}

Tensor slice(Backend& backend, const Tensor& x, int axis, std::int64_t begin, std::int64_t end) {
  const int at = normalize_axis("slice", axis, x.rank());
  Index starts{};
  Index ends{};
  std::ranges::copy(x.shape().dims(), ends.begin());
  starts[static_cast<std::size_t>(at)] = begin;
  ends[static_cast<std::size_t>(at)] = end;
  const auto rank = static_cast<std::size_t>(x.rank());
  return slice(backend, x, std::span(starts).first(rank), std::span(ends).first(rank));
}

void write_slice(Backend& backend, const Tensor& x, const Tensor& into,
                 std::span<const std::int64_t> starts) {
  check::dtype("write_slice", "x", x, into.dtype());
  if (x.rank() != into.rank()) {
    fail_invalid("[write_slice] x {} and into {} differ in rank", x.shape(), into.shape());
  }
  check::no_overlap("write_slice", "x", x, into);
  const Index begin = to_index("write_slice", starts, into.rank());
  for (int axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t start = begin[static_cast<std::size_t>(axis)];
    if (start < 0 || start > into.shape()[axis] - x.shape()[axis]) {
      fail_invalid("[write_slice] x {} at position {} of axis {} does not fit into {}", x.shape(),
                   start, axis, into.shape());
    }
  }
  backend.run(WriteSliceArgs{.x = x, .into = into, .starts = begin});
}

Tensor cat(Backend& backend, std::span<const Tensor> tensors, int axis) {
  if (tensors.empty()) fail_invalid("[cat] there is nothing to join");
  const Tensor& first = tensors.front();
  const int at = normalize_axis("cat", axis, first.rank());
  std::int64_t total = 0;
  for (const Tensor& x : tensors) {
    check::dtype("cat", "tensor", x, first.dtype());
    if (x.rank() != first.rank() || x.shape().with(at, 0) != first.shape().with(at, 0)) {
      fail_invalid("[cat] shapes {} and {} differ beyond axis {}", first.shape(), x.shape(), at);
    }
    total += x.shape()[at];
  }
  Tensor out = empty(backend, first.shape().with(at, total), first.dtype());
  Index starts{};
  for (const Tensor& x : tensors) {
    write_slice(backend, x, out, std::span(starts).first(static_cast<std::size_t>(x.rank())));
    starts[static_cast<std::size_t>(at)] += x.shape()[at];
  }
  return out;
}

}  // namespace alpha
