#include "alpha/tensor/ops/linear.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

std::string_view to_string(Activation activation) noexcept {
  switch (activation) {
    case Activation::none: return "none";
    case Activation::gelu: return "gelu";
    case Activation::relu: return "relu";
    case Activation::silu: return "silu";
  }
  return "unknown";
}

Tensor linear(Backend& backend, const Tensor& x, const Tensor& weight, const Tensor& bias,
              const LinearOptions& options) {
  check::floating("linear", "x", x);
  check::min_rank("linear", "x", x, 1);
  check::dtype("linear", "weight", weight, x.dtype());
  if (weight.rank() != 2 || weight.shape()[1] != x.shape().back()) {
    fail_invalid("[linear] weight has shape {}, expected [outputs, {}] for x {}", weight.shape(),
                 x.shape().back(), x.shape());
  }
  const std::int64_t M = weight.shape()[0];
  if (bias.is_defined()) {
    check::shape("linear", "bias", bias, {M});
    check::dtype("linear", "bias", bias, x.dtype());
  }
  const Shape shape = x.shape().with(x.rank() - 1, M);
  const DType out_dtype =
      options.is_output_accumulation_dtype ? accumulation_dtype(x.dtype()) : x.dtype();
  Tensor out = empty(backend, shape, out_dtype);
  Tensor pre;
  if (options.pre != nullptr && options.activation != Activation::none) {
    pre = empty(backend, shape, x.dtype());
    *options.pre = pre;
  }
  backend.run(LinearArgs{.x = x.as_matrix(),
                         .weight = weight,
                         .bias = bias,
                         .out = out.as_matrix(),
                         .pre = pre.is_defined() ? pre.as_matrix() : pre,
                         .activation = options.activation});
  return out;
}

}  // namespace alpha
