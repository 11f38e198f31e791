#include "alpha/tensor/ops/reduce.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"
#include "alpha/tensor/ops/check.h"
#include "alpha/tensor/ops/unary.h"

namespace alpha {

namespace {

void check_sum_to(const Tensor& x, const Shape& shape) {
  if (!is_broadcastable_to(shape, x.shape())) {
    fail_invalid("[sum_to] {} does not broadcast to the shape {} of x", shape, x.shape());
  }
}

Shape all_ones(int rank) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape = shape.appended(1);
  return shape;
}

/// The mean of 16-bit numbers is taken in f32: their sum may not fit.
template<class Mean>
Tensor mean_in_accumulation_dtype(Backend& backend, const Tensor& x, Mean mean_of) {
  const DType dtype = accumulation_dtype(x.dtype());
  if (dtype == x.dtype()) return mean_of(x);
  return cast(backend, mean_of(cast(backend, x, dtype)), x.dtype());
}

double inverse_count(std::string_view op, std::int64_t n) {
  if (n == 0) fail_invalid("[{}] there are no elements to average", op);
  return 1.0 / static_cast<double>(n);
}

}  // namespace

Tensor sum_to(Backend& backend, const Tensor& x, const Shape& shape) {
  check_sum_to(x, shape);
  Tensor out = empty(backend, shape, x.dtype());
  backend.run(SumToArgs{.x = x, .out = out});
  return out;
}

void sum_to_accumulate(Backend& backend, const Tensor& x, const Tensor& into) {
  check_sum_to(x, into.shape());
  if (into.dtype() != x.dtype())
    check::dtype("sum_to", "into", into, accumulation_dtype(x.dtype()));
  backend.run(SumToArgs{.x = x, .out = into, .is_accumulating = true});
}

Tensor broadcast_to(Backend& backend, const Tensor& x, const Shape& shape) {
  if (!is_broadcastable_to(x.shape(), shape)) {
    fail_invalid("[broadcast_to] {} does not broadcast to {}", x.shape(), shape);
  }
  Tensor out = empty(backend, shape, x.dtype());
  backend.run(BroadcastToArgs{.x = x, .out = out});
  return out;
}

Tensor sum(Backend& backend, const Tensor& x) {
  return sum_to(backend, x, all_ones(x.rank())).reshape({});
}

Tensor mean(Backend& backend, const Tensor& x) {
  return mean_in_accumulation_dtype(backend, x, [&](const Tensor& wide) {
    return scale(backend, sum(backend, wide), inverse_count("mean", x.numel()));
  });
}

Tensor sum(Backend& backend, const Tensor& x, int axis, bool keepdims) {
  const int at = normalize_axis("sum", axis, x.rank());
  const Tensor kept = sum_to(backend, x, x.shape().with(at, 1));
  return keepdims ? kept : kept.reshape(x.shape().without(at));
}

Tensor mean(Backend& backend, const Tensor& x, int axis, bool keepdims) {
  const int at = normalize_axis("mean", axis, x.rank());
  return mean_in_accumulation_dtype(backend, x, [&](const Tensor& wide) {
    return scale(backend, sum(backend, wide, at, keepdims), inverse_count("mean", x.shape()[at]));
  });
}

Tensor sum_squares(Backend& backend, const Tensor& x) {
  check::floating("sum_squares", "x", x);
  Tensor out = empty(backend, {}, DType::f64);
  backend.run(SumSquaresArgs{.x = x, .out = out});
  return out;
}

}  // namespace alpha
