#include "alpha/tensor/ops/gradient_scale.h"

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/check.h"

namespace alpha {

namespace {

void check_limit(std::string_view name, double limit) {
  if (!(limit >= 0)) {
    fail_invalid("[gradient_scale] {} is {}, expected at least 0", name, limit);
  }
}

}  // namespace

GradientScale gradient_scale(Backend& backend, const Tensor& losses, const Tensor& squares,
                             double clip, double spike_threshold) {
  const std::int64_t n = losses.numel();
  check::floating("gradient_scale", "losses", losses);
  check::shape("gradient_scale", "losses", losses, {n});
  check::dtype("gradient_scale", "squares", squares, DType::f64);
  check::shape("gradient_scale", "squares", squares, {});
  if (n == 0) fail_invalid("[gradient_scale] there are no losses");
  check_limit("clip", clip);
  check_limit("spike threshold", spike_threshold);
  GradientScale result{.scale = empty(backend, {}, accumulation_dtype(losses.dtype())),
                       .report = empty(backend, {n + 2}, DType::f64)};
  backend.run(GradientScaleArgs{.losses = losses,
                                .squares = squares,
                                .scale = result.scale,
                                .report = result.report,
                                .clip = clip,
                                .spike_threshold = spike_threshold});
  return result;
}

}  // namespace alpha
