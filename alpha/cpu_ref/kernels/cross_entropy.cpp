#include "alpha/tensor/ops/cross_entropy.h"

#include <algorithm>

#include "alpha/cpu_ref/kernels/loops.h"
#include "alpha/cpu_ref/kernels/softmax_sum.h"

namespace alpha::cpu_ref {

namespace {

/// The gradient of one row; `softmax` is that of its logits.
template<class T, class Out>
void differentiate(const T* logits, std::int64_t V, const SoftmaxSum& softmax, std::int64_t target,
                   double factor, Out* dlogits) {
  for (std::int64_t v = 0; v < V; ++v) {
    const double probability =
        std::exp(static_cast<double>(logits[v]) - softmax.shift) / softmax.sum;
    dlogits[v] = convert<Out>((probability - (v == target ? 1 : 0)) * factor);
  }
}

/// The loss, for either op: on_row(n, softmax) is called for each row that counts.
template<class T, class Args, class OnRow>
void lose(const Args& args, std::int64_t n_counted, OnRow&& on_row) {
  const std::int64_t N = args.logits.shape()[0];
  const std::int64_t V = args.logits.shape()[1];
  const std::int32_t* targets = args.targets.template data<std::int32_t>();
  double sum = 0;
  for (std::int64_t n = 0; n < N; ++n) {
    if (targets[n] == args.ignore_index) continue;
    const T* logits = args.logits.template data<T>() + n * V;
    const SoftmaxSum softmax =
        softmax_sum(V, [&](std::int64_t v) { return static_cast<double>(logits[v]); });
    sum += softmax.lse() - static_cast<double>(logits[targets[n]]);
    on_row(n, softmax);
  }
  const double mean = n_counted == 0 ? 0 : sum / static_cast<double>(n_counted);
  *args.loss.template data<Accumulator<T>>() = convert<Accumulator<T>>(mean);
}

template<class Args>
std::int64_t count_of(const Args& args) {
  const std::int64_t N = args.targets.numel();
  const std::int32_t* targets = args.targets.template data<std::int32_t>();
  return N - std::count(targets, targets + N, args.ignore_index);
}

template<class T, class Out>
void lose_and_differentiate(const CrossEntropyGradientArgs& args) {
  const std::int64_t V = args.logits.shape()[1];
  const std::int64_t n_counted = count_of(args);
  const double factor = args.dloss / static_cast<double>(std::max<std::int64_t>(n_counted, 1));
  std::fill_n(args.dlogits.data<Out>(), args.dlogits.numel(), Out{});
  lose<T>(args, n_counted, [&](std::int64_t n, const SoftmaxSum& softmax) {
    differentiate(args.logits.data<T>() + n * V, V, softmax, args.targets.data<std::int32_t>()[n],
                  factor, args.dlogits.data<Out>() + n * V);
  });
}

}  // namespace

void cross_entropy(Backend& /*backend*/, const CrossEntropyArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    lose<T>(args, count_of(args), [](std::int64_t, const SoftmaxSum&) {});
  });
}

void cross_entropy_gradient(Backend& /*backend*/, const CrossEntropyGradientArgs& args) {
  visit_floating(
      args.logits.dtype(), args.dlogits.dtype(),
      [&]<class T, class Out>(TypeTag<T>, TypeTag<Out>) { lose_and_differentiate<T, Out>(args); });
}

}  // namespace alpha::cpu_ref
