#include "alpha/tensor/ops/topk.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

// The order assumes that no value is NaN: with NaNs the result is some permutation.
template<class T>
void run_topk(const TopkArgs& args) {
  const AxisSplit split(args.x.shape(), args.axis);
  const std::int64_t k = args.values.shape()[args.axis];
  const T* x = args.x.data<T>();
  T* values = args.values.data<T>();
  std::int32_t* indices = args.indices.data<std::int32_t>();
  std::vector<std::int32_t> order(static_cast<std::size_t>(split.n));
  for (std::int64_t o = 0; o < split.outer; ++o) {
    for (std::int64_t i = 0; i < split.inner; ++i) {
      const T* line = x + o * split.n * split.inner + i;
      const auto value = [&](std::int32_t at) -> double { return line[at * split.inner]; };
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + k, order.end(),
                        [&](std::int32_t a, std::int32_t b) {
                          return value(a) != value(b) ? value(a) > value(b) : a < b;
                        });
      for (std::int64_t rank = 0; rank < k; ++rank) {
        const std::int64_t at = (o * k + rank) * split.inner + i;
        indices[at] = order[static_cast<std::size_t>(rank)];
        values[at] = line[indices[at] * split.inner];
      }
    }
  }
}

}  // namespace

void topk(Backend& /*backend*/, const TopkArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) { run_topk<T>(args); });
}

void argmax(Backend& /*backend*/, const ArgmaxArgs& args) {
  const AxisSplit split(args.x.shape(), args.axis);
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.data<T>();
    std::int32_t* out = args.out.data<std::int32_t>();
    split.for_each_line([&](std::int64_t first) {
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < split.n; ++i) {
        if (x[first + i * split.inner] > x[first + best * split.inner]) best = i;
      }
      *out++ = static_cast<std::int32_t>(best);
    });
  });
}

}  // namespace alpha::cpu_ref
