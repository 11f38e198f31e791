#include "alpha/tensor/ops/cross_entropy.h"

#include <cmath>

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

Tensor cross_entropy(Backend& backend, const Tensor& logits, const Tensor& targets,
                     std::int32_t ignore_index) {
  check_arguments("cross_entropy", logits, targets);
  Tensor loss = empty(backend, {}, accumulation_dtype(logits.dtype()));
  backend.run(CrossEntropyArgs{.logits = logits.as_matrix(),
                               .targets = targets.reshape({targets.numel()}),
                               .loss = loss,
                               .ignore_index = ignore_index});
  return loss;
}

CrossEntropyGradient cross_entropy_gradient(Backend& backend, const Tensor& logits,
                                            const Tensor& targets, DType dlogits_dtype,
                                            double dloss, std::int32_t ignore_index) {
  check_arguments("cross_entropy_gradient", logits, targets);
  if (dloss == 0 || !std::isfinite(dloss)) {
    fail_invalid("[cross_entropy_gradient] dloss is {}, expected a finite number that is not 0",
                 dloss);
  }
  if (!is_floating(dlogits_dtype)) {
    fail_invalid("[cross_entropy_gradient] dlogits are asked for in {}, expected a floating dtype",
                 to_string(dlogits_dtype));
  }
  CrossEntropyGradient result{.loss = empty(backend, {}, accumulation_dtype(logits.dtype())),
                              .dlogits = empty(backend, logits.shape(), dlogits_dtype)};
  backend.run(CrossEntropyGradientArgs{.logits = logits.as_matrix(),
                                       .targets = targets.reshape({targets.numel()}),
                                       .loss = result.loss,
                                       .dlogits = result.dlogits.as_matrix(),
                                       .dloss = dloss,
                                       .ignore_index = ignore_index});
  return result;
}

}  // namespace alpha
