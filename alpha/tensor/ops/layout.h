#pragma once

#include <span>

#include "alpha/tensor/backend.h"

namespace alpha {

/// A position per axis.
using Index = std::array<std::int64_t, kMaxRank>;

/// out = x with axes `axis0` and `axis1` swapped.
struct TransposeArgs {
  static constexpr OpId kOp = OpId::transpose;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;
  int axis0 = 0;  // normalised
  int axis1 = 0;
};

/// out[i] = x[starts + i].
struct SliceArgs {
  static constexpr OpId kOp = OpId::slice;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor out;
  Index starts{};
};

/// into[starts + i] = x[i]; the rest of `into` stays.
struct WriteSliceArgs {
  static constexpr OpId kOp = OpId::write_slice;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor into;
  Index starts{};
};

Tensor transpose(Backend& backend, const Tensor& x, int axis0, int axis1);

/// Elements with starts <= index < ends along every axis. Error: bounds outside x or crossed.
Tensor slice(Backend& backend, const Tensor& x, std::span<const std::int64_t> starts,
             std::span<const std::int64_t> ends);

/// Elements [begin, end) along one axis.
Tensor slice(Backend& backend, const Tensor& x, int axis, std::int64_t begin, std::int64_t end);

/// into[starts …] = x. Error: x does not fit.
void write_slice(Backend& backend, const Tensor& x, const Tensor& into,
                 std::span<const std::int64_t> starts);

/// Joins along `axis`; the other sizes and the dtypes are equal. Error: no tensors.
Tensor cat(Backend& backend, std::span<const Tensor> tensors, int axis);

}  // namespace alpha
