#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "alpha/core/thread_pool.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/tensor/shape.h"

namespace alpha::cpu {

/// Axes of `shape` as seen by operands that broadcast to it, with neighbours merged wherever every
/// operand walks both as one: [B, T, C] + [C] becomes [B T, C]. Axes of size 1 disappear.
struct MergedAxes {
  static constexpr int kMaxOperands = 2;

  int rank = 0;
  std::array<std::int64_t, kMaxRank> dims{};
  std::array<Strides, kMaxOperands> strides{};  // 0 along an axis that the operand repeats

  std::int64_t dim(int axis) const noexcept { return dims[static_cast<std::size_t>(axis)]; }

  std::int64_t stride(int operand, int axis) const noexcept {
    return strides[static_cast<std::size_t>(operand)][static_cast<std::size_t>(axis)];
  }
};

/// At most kMaxOperands shapes, each broadcastable to `shape`.
MergedAxes merge_axes(const Shape& shape, std::span<const Shape> operands);

/// An elementwise loop over a contiguous result as runs along the innermost merged axis: within a
/// run an operand is either contiguous or one element, repeated.
class BroadcastRuns {
 public:
  BroadcastRuns(const Shape& shape, std::span<const Shape> operands);

  /// Elements in a run, and the number of runs.
  std::int64_t size() const noexcept { return size_; }

  std::int64_t count() const noexcept { return count_; }

  /// True when operand k is one element within a run.
  bool is_repeated(int k) const noexcept {
    return axes_.rank > 0 && axes_.stride(k, axes_.rank - 1) == 0;
  }

  /// Where element `at` of run `run` lies in operand k.
  std::int64_t offset(int k, std::int64_t run, std::int64_t at) const noexcept;

  /// Calls body(run, begin, end) for stretches [begin, end) of runs that cover everything, in
  /// parallel.
  template<class Body>
  void for_each(ThreadPool& pool, Body&& body) const {
    const std::int64_t pieces = (size_ + kGrain - 1) / kGrain;
    if (pieces > 1) {
      pool.run(count_ * pieces, [&](std::int64_t task) {
        const std::int64_t begin = task % pieces * kGrain;
        body(task / pieces, begin, std::min(begin + kGrain, size_));
      });
      return;
    }
    pool.run_chunks(count_, row_grain(size_), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t run = begin; run < end; ++run) body(run, 0, size_);
    });
  }

 private:
  MergedAxes axes_;
  std::int64_t size_ = 1;
  std::int64_t count_ = 1;
};

}  // namespace alpha::cpu
