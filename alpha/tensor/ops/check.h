#pragma once

#include <string_view>

#include "alpha/tensor/backend.h"

namespace alpha::check {

// What the op layer demands of arguments. Each throws invalid_argument: `[op] …` with the numbers.

/// `tensor` is of a floating dtype.
void floating(std::string_view op, std::string_view name, const Tensor& tensor);

void dtype(std::string_view op, std::string_view name, const Tensor& tensor, DType expected);

void shape(std::string_view op, std::string_view name, const Tensor& tensor, const Shape& expected);

/// Shape and dtype of `tensor` equal those of `like`.
void same(std::string_view op, std::string_view name, const Tensor& tensor,
          std::string_view like_name, const Tensor& like);

/// Has at least `rank` axes.
void min_rank(std::string_view op, std::string_view name, const Tensor& tensor, int rank);

/// 0 <= p < 1.
void probability(std::string_view op, double p);

/// `out` shares no memory with `tensor`.
void no_overlap(std::string_view op, std::string_view name, const Tensor& tensor,
                const Tensor& out);

/// What optimizers have in common: flat parameters, gradients like them, a copy of their size or
/// none, and the scale of the gradients, a scalar of their accumulation dtype.
template<class Args>
void optimizer(std::string_view op, const Args& args) {
  floating(op, "parameters", args.parameters);
  shape(op, "parameters", args.parameters, {args.parameters.numel()});
  same(op, "gradients", args.gradients, "parameters", args.parameters);
  if (args.copy.is_defined()) {
    floating(op, "copy", args.copy);
    shape(op, "copy", args.copy, args.parameters.shape());
  }
  shape(op, "scale", args.scale, {});
  dtype(op, "scale", args.scale, accumulation_dtype(args.parameters.dtype()));
  if (!args.scale.is_defined()) fail_invalid("[{}] there is no scale", op);
}

}  // namespace alpha::check
