#include "alpha/tensor/ops/binary.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

template<OpId op>
Tensor binary(Backend& backend, const Tensor& a, const Tensor& b) {
  const DType dtype = promote(a.dtype(), b.dtype());
  const Tensor x = a.dtype() == dtype ? a : cast(backend, a, dtype);
  const Tensor y = b.dtype() == dtype ? b : cast(backend, b, dtype);
  Tensor out = empty(backend, broadcast_shapes(to_string(op), a.shape(), b.shape()), dtype);
  backend.run(BinaryArgs<op>{.a = x, .b = y, .out = out});
  return out;
}

}  // namespace

Tensor add(Backend& backend, const Tensor& a, const Tensor& b) {
  return binary<OpId::add>(backend, a, b);
}

Tensor sub(Backend& backend, const Tensor& a, const Tensor& b) {
  return binary<OpId::sub>(backend, a, b);
}

Tensor mul(Backend& backend, const Tensor& a, const Tensor& b) {
  return binary<OpId::mul>(backend, a, b);
}

Tensor div(Backend& backend, const Tensor& a, const Tensor& b) {
  return binary<OpId::div>(backend, a, b);
}

void add_in_place(Backend& backend, const Tensor& into, const Tensor& x) {
  check::same("add", "x", x, "into", into);
  backend.run(AddArgs{.a = into, .b = x, .out = into});
}

DType promote(DType a, DType b) noexcept {
  if (a == b || b == DType::i32) return a;
  if (a == DType::i32) return b;
  return a == DType::f64 || b == DType::f64 ? DType::f64 : DType::f32;
}

}  // namespace alpha
