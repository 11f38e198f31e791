#include "alpha/tensor/ops/cross_entropy.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

void check_arguments(std::string_view op, const Tensor& logits, const Tensor& targets) {
  check::floating(op, "logits", logits);
  check::min_rank(op, "logits", logits, 2);
  check::dtype(op, "targets", targets, DType::i32);
  check::shape(op, "targets", targets, logits.shape().without(logits.rank() - 1));
  if (logits.shape().back() == 0) {
    fail_invalid("[{}] logits have shape {}, expected at least one class", op, logits.shape());
  }
}

}  // namespace

CrossEntropyResult cross_entropy(Backend& backend, const Tensor& logits, const Tensor& targets,
                                 std::int32_t ignore_index) {
  check_arguments("cross_entropy", logits, targets);
  const DType stats = accumulation_dtype(logits.dtype());
  CrossEntropyResult result{.loss = empty(backend, {}, stats),
                            .lse = empty(backend, {targets.numel()}, stats)};
  backend.run(CrossEntropyArgs{.logits = logits.as_matrix(),
                               .targets = targets.reshape({targets.numel()}),
                               .loss = result.loss,
                               .lse = result.lse,
                               .ignore_index = ignore_index});
  return result;
}

Tensor cross_entropy_backward(Backend& backend, const Tensor& logits, const Tensor& targets,
                              const Tensor& lse, const Tensor& dloss, DType dlogits_dtype,
                              std::int32_t ignore_index) {
  check_arguments("cross_entropy_backward", logits, targets);
  check::shape("cross_entropy_backward", "dloss", dloss, {});
  check::shape("cross_entropy_backward", "lse", lse, {targets.numel()});
  check::dtype("cross_entropy_backward", "lse", lse, accumulation_dtype(logits.dtype()));
  check::dtype("cross_entropy_backward", "dloss", dloss, accumulation_dtype(logits.dtype()));
  if (!is_floating(dlogits_dtype)) {
    fail_invalid("[cross_entropy_backward] dlogits are asked for in {}, expected a floating dtype",
                 to_string(dlogits_dtype));
  }
  Tensor dlogits = empty(backend, logits.shape(), dlogits_dtype);
  backend.run(CrossEntropyBackwardArgs{.logits = logits.as_matrix(),
                                       .targets = targets.reshape({targets.numel()}),
                                       .lse = lse,
                                       .dloss = dloss,
                                       .dlogits = dlogits.as_matrix(),
                                       .ignore_index = ignore_index});
  return dlogits;
}

}  // namespace alpha
