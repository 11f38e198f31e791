#include "alpha/tensor/ops/cross_entropy.h"

#include <algorithm>

#include "alpha/cpu_ref/kernels/loops.h"
#include "alpha/cpu_ref/kernels/softmax_sum.h"

namespace alpha::cpu_ref {

namespace {

template<class T>
void forward(const CrossEntropyArgs& args) {
  using Sum = Accumulator<T>;
  const std::int64_t N = args.logits.shape()[0];
  const std::int64_t V = args.logits.shape()[1];
  const std::int32_t* targets = args.targets.data<std::int32_t>();
  Sum* lses = args.lse.data<Sum>();
  double sum = 0;
  std::int64_t n_counted = 0;
  for (std::int64_t n = 0; n < N; ++n) {
    const T* logits = args.logits.data<T>() + n * V;
    const double lse =
        softmax_sum(V, [&](std::int64_t v) { return static_cast<double>(logits[v]); }).lse();
    lses[n] = convert<Sum>(lse);
    if (targets[n] == args.ignore_index) continue;
    sum += lse - static_cast<double>(logits[targets[n]]);
    ++n_counted;
  }
  const double mean = n_counted == 0 ? 0 : sum / static_cast<double>(n_counted);
  *args.loss.data<Sum>() = convert<Sum>(mean);
}

template<class T, class Out>
void backward(const CrossEntropyBackwardArgs& args) {
  using Sum = Accumulator<T>;
  const std::int64_t N = args.logits.shape()[0];
  const std::int64_t V = args.logits.shape()[1];
  const std::int32_t* targets = args.targets.data<std::int32_t>();
  const auto n_counted = N - std::count(targets, targets + N, args.ignore_index);
  const double factor = static_cast<double>(*args.dloss.data<Sum>()) /
                        static_cast<double>(std::max<std::int64_t>(n_counted, 1));
  for (std::int64_t n = 0; n < N; ++n) {
    const T* logits = args.logits.data<T>() + n * V;
    Out* dlogits = args.dlogits.data<Out>() + n * V;
    if (targets[n] == args.ignore_index) {
      std::fill_n(dlogits, V, Out{});
      continue;
    }
    const double lse = args.lse.data<Sum>()[n];
    for (std::int64_t v = 0; v < V; ++v) {
      const double probability = std::exp(static_cast<double>(logits[v]) - lse);
      dlogits[v] = convert<Out>((probability - (v == targets[n] ? 1 : 0)) * factor);
    }
  }
}

}  // namespace

void cross_entropy(Backend& /*backend*/, const CrossEntropyArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) { forward<T>(args); });
}

void cross_entropy_backward(Backend& /*backend*/, const CrossEntropyBackwardArgs& args) {
  visit_floating(args.logits.dtype(), args.dlogits.dtype(),
                 [&]<class T, class Out>(TypeTag<T>, TypeTag<Out>) { backward<T, Out>(args); });
}

}  // namespace alpha::cpu_ref
