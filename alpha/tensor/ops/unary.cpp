#include "alpha/tensor/ops/unary.h"

#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

template<OpId op>
Tensor unary(Backend& backend, const Tensor& x, double a = 0, double b = 0) {
  check::floating(to_string(op), "x", x);
  Tensor out = empty(backend, x.shape(), x.dtype());
  backend.run(UnaryArgs<op>{.x = x, .out = out, .a = a, .b = b});
  return out;
}

template<OpId op>
Tensor unary_backward(Backend& backend, const Tensor& x, const Tensor& dy, double a = 0,
                      double b = 0) {
  check::floating(to_string(op), "x", x);
  check::same(to_string(op), "dy", dy, "x", x);
  Tensor dx = empty(backend, x.shape(), x.dtype());
  backend.run(UnaryBackwardArgs<op>{.x = x, .dy = dy, .dx = dx, .a = a, .b = b});
  return dx;
}

void check_cap(std::string_view op, double cap) {
  if (!(cap > 0) || !std::isfinite(cap))
    fail_invalid("[{}] cap is {}, expected more than 0", op, cap);
}

}  // namespace

Tensor neg(Backend& backend, const Tensor& x) {
  return unary<OpId::neg>(backend, x);
}

Tensor exp(Backend& backend, const Tensor& x) {
  return unary<OpId::exp>(backend, x);
}

Tensor log(Backend& backend, const Tensor& x) {
  return unary<OpId::log>(backend, x);
}

Tensor sqrt(Backend& backend, const Tensor& x) {
  return unary<OpId::sqrt>(backend, x);
}

Tensor pow(Backend& backend, const Tensor& x, double exponent) {
  return unary<OpId::pow>(backend, x, exponent);
}

Tensor scale(Backend& backend, const Tensor& x, double factor) {
  return unary<OpId::scale>(backend, x, factor);
}

Tensor clamp(Backend& backend, const Tensor& x, double low, double high) {
  if (!(low <= high)) fail_invalid("[clamp] bounds are {} and {}, expected low <= high", low, high);
  return unary<OpId::clamp>(backend, x, low, high);
}

Tensor relu(Backend& backend, const Tensor& x) {
  return unary<OpId::relu>(backend, x);
}

Tensor gelu(Backend& backend, const Tensor& x) {
  return unary<OpId::gelu>(backend, x);
}

Tensor silu(Backend& backend, const Tensor& x) {
  return unary<OpId::silu>(backend, x);
}

Tensor soft_cap(Backend& backend, const Tensor& x, double cap) {
  check_cap("soft_cap", cap);
  return unary<OpId::soft_cap>(backend, x, cap);
}

Tensor clamp_backward(Backend& backend, const Tensor& x, const Tensor& dy, double low,
                      double high) {
  return unary_backward<OpId::clamp_backward>(backend, x, dy, low, high);
}

Tensor relu_backward(Backend& backend, const Tensor& x, const Tensor& dy) {
  return unary_backward<OpId::relu_backward>(backend, x, dy);
}

Tensor gelu_backward(Backend& backend, const Tensor& x, const Tensor& dy) {
  return unary_backward<OpId::gelu_backward>(backend, x, dy);
}

Tensor silu_backward(Backend& backend, const Tensor& x, const Tensor& dy) {
  return unary_backward<OpId::silu_backward>(backend, x, dy);
}

Tensor soft_cap_backward(Backend& backend, const Tensor& x, const Tensor& dy, double cap) {
  check_cap("soft_cap_backward", cap);
  return unary_backward<OpId::soft_cap_backward>(backend, x, dy, cap);
}

}  // namespace alpha
