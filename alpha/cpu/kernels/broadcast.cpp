#include "alpha/cpu/kernels/broadcast.h"

namespace alpha::cpu {

MergedAxes merge_axes(const Shape& shape, std::span<const Shape> operands) {
  std::array<Strides, MergedAxes::kMaxOperands> strides{};
  for (std::size_t k = 0; k < operands.size(); ++k) {
    strides[k] = broadcast_strides(operands[k], shape);
  }
  MergedAxes merged;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    if (shape[axis] == 1) continue;
    bool is_merging = merged.rank > 0;
    const auto last = static_cast<std::size_t>(std::max(merged.rank - 1, 0));
    for (std::size_t k = 0; k < operands.size(); ++k) {
      is_merging = is_merging && merged.strides[k][last] == strides[k][a] * shape[axis];
    }
    const std::size_t to = is_merging ? last : static_cast<std::size_t>(merged.rank++);
    merged.dims[to] = is_merging ? merged.dims[to] * shape[axis] : shape[axis];
    for (std::size_t k = 0; k < operands.size(); ++k) merged.strides[k][to] = strides[k][a];
  }
  return merged;
}

BroadcastRuns::BroadcastRuns(const Shape& shape, std::span<const Shape> operands)
    : axes_(merge_axes(shape, operands)) {
  for (int axis = 0; axis < axes_.rank; ++axis) {
    (axis == axes_.rank - 1 ? size_ : count_) *= axes_.dim(axis);
  }
  if (shape.numel() == 0) count_ = 0;
}

std::int64_t BroadcastRuns::offset(int k, std::int64_t run, std::int64_t at) const noexcept {
  std::int64_t offset = axes_.rank == 0 ? 0 : at * axes_.stride(k, axes_.rank - 1);
  for (int axis = axes_.rank - 2; axis >= 0; --axis) {
    offset += run % axes_.dim(axis) * axes_.stride(k, axis);
    run /= axes_.dim(axis);
  }
  return offset;
}

}  // namespace alpha::cpu
