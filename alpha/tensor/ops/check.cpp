#include "alpha/tensor/ops/check.h"

namespace alpha::check {

void floating(std::string_view op, std::string_view name, const Tensor& tensor) {
  if (!is_floating(tensor.dtype())) {
    fail_invalid("[{}] {} is {}, expected a floating dtype", op, name, to_string(tensor.dtype()));
  }
}

void dtype(std::string_view op, std::string_view name, const Tensor& tensor, DType expected) {
  if (tensor.dtype() != expected) {
    fail_invalid("[{}] {} is {}, expected {}", op, name, to_string(tensor.dtype()),
                 to_string(expected));
  }
}

void shape(std::string_view op, std::string_view name, const Tensor& tensor,
           const Shape& expected) {
  if (tensor.shape() != expected) {
    fail_invalid("[{}] {} has shape {}, expected {}", op, name, tensor.shape(), expected);
  }
}

void same(std::string_view op, std::string_view name, const Tensor& tensor,
          std::string_view like_name, const Tensor& like) {
  if (tensor.shape() != like.shape() || tensor.dtype() != like.dtype()) {
    fail_invalid("[{}] {} is {} {}, expected {} {} as {}", op, name, to_string(tensor.dtype()),
                 tensor.shape(), to_string(like.dtype()), like.shape(), like_name);
  }
}

void min_rank(std::string_view op, std::string_view name, const Tensor& tensor, int rank) {
  if (tensor.rank() < rank) {
    fail_invalid("[{}] {} has shape {}, expected at least {} axes", op, name, tensor.shape(), rank);
  }
}

void probability(std::string_view op, double p) {
  if (!(p >= 0 && p < 1)) fail_invalid("[{}] dropout is {}, expected 0 <= p < 1", op, p);
}

void no_overlap(std::string_view op, std::string_view name, const Tensor& tensor,
                const Tensor& out) {
  if (tensor.overlaps(out)) fail_invalid("[{}] output shares memory with {}", op, name);
}

}  // namespace alpha::check
