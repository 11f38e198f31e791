#include "alpha/tensor/ops/embedding.h"

#include <algorithm>

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

void embedding(Backend& /*backend*/, const EmbeddingArgs& args) {
  const std::int64_t n = args.indices.numel();
  const std::int64_t D = args.weight.shape()[1];
  const std::int32_t* indices = args.indices.data<std::int32_t>();
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* weight = args.weight.data<T>();
    T* out = args.out.data<T>();
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(weight + indices[i] * D, D, out + i * D);
  });
}

void embedding_backward(Backend& /*backend*/, const EmbeddingBackwardArgs& args) {
  const std::int64_t n = args.indices.numel();
  const std::int64_t D = args.dweight.shape()[1];
  const std::int32_t* indices = args.indices.data<std::int32_t>();
  const auto run = [&]<class T, class Sum>(TypeTag<T>, TypeTag<Sum>) {
    const T* dy = args.dy.data<T>();
    Sum* dweight = args.dweight.data<Sum>();
    for (std::int64_t i = 0; i < n; ++i) {
      Sum* row = dweight + indices[i] * D;
      for (std::int64_t d = 0; d < D; ++d) {
        row[d] = convert<Sum>(static_cast<double>(row[d]) + static_cast<double>(dy[i * D + d]));
      }
    }
  };
  visit_floating(args.dy.dtype(), args.dweight.dtype(), run);
}

}  // namespace alpha::cpu_ref
