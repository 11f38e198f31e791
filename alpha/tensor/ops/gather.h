#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out[i][j][k] = x[i][indices[i][j][k]][k] for axis 1, and alike for the others.
struct GatherArgs {
  static constexpr OpId kOp = OpId::gather;

  DType dtype() const { return x.dtype(); }

  Tensor x;
  Tensor indices;  // i32, rank of x; sizes at most those of x except along the axis
  Tensor out;      // shape of indices
  int axis = 0;    // normalised
};

/// into[i][indices[i][j][k]][k] += x[i][j][k] for axis 1, and alike for the others, in row-major
/// order of x.
struct ScatterAddArgs {
  static constexpr OpId kOp = OpId::scatter_add;

  DType dtype() const { return x.dtype(); }

  Tensor x;        // shape of indices
  Tensor indices;  // i32
  Tensor into;
  int axis = 0;
};

/// Indices outside [0, size of the axis) are the caller's mistake; they are not read here.
Tensor gather(Backend& backend, const Tensor& x, int axis, const Tensor& indices);

/// The gradient of gather: a tensor of `shape`, zero but for what x adds.
Tensor scatter_add(Backend& backend, const Tensor& x, int axis, const Tensor& indices,
                   const Shape& shape);

}  // namespace alpha
