#pragma once

#include "alpha/tensor/backend.h"

namespace alpha {

/// out = a ∘ b, element by element; a and b broadcast to the shape of out. `out` may be `a` or `b`
/// where that operand already has the shape of out.
template<OpId op>
struct BinaryArgs {
  static constexpr OpId kOp = op;

  DType dtype() const { return out.dtype(); }

  Tensor a;
  Tensor b;
  Tensor out;
};

using AddArgs = BinaryArgs<OpId::add>;
using SubArgs = BinaryArgs<OpId::sub>;
using MulArgs = BinaryArgs<OpId::mul>;
using DivArgs = BinaryArgs<OpId::div>;

/// New tensors of the broadcast shape. Operands of different dtypes are promoted as the original
/// does: any f64 makes f64, else any f32 makes f32; f16 with bf16 makes f32; i32 gives way to any.
Tensor add(Backend& backend, const Tensor& a, const Tensor& b);
Tensor sub(Backend& backend, const Tensor& a, const Tensor& b);
Tensor mul(Backend& backend, const Tensor& a, const Tensor& b);
Tensor div(Backend& backend, const Tensor& a, const Tensor& b);

/// into += x, same shape and dtype.
void add_in_place(Backend& backend, const Tensor& into, const Tensor& x);

/// The dtype in which a and b meet.
DType promote(DType a, DType b) noexcept;

}  // namespace alpha
