#include "alpha/tensor/ops/embedding.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/embedding.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

/// Columns [begin, end) of dweight[indices[i]] += dy[i], in the order of i.
template<class T, class D>
void add_columns(const EmbeddingBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  const std::int64_t width = args.dweight.shape()[1];
  const std::int64_t n = args.indices.numel();
  const std::int32_t* indices = args.indices.data<std::int32_t>();
  for (std::int64_t i = 0; i < n; ++i) {
    const T* dy = args.dy.data<T>() + i * width + begin;
    D* dweight = args.dweight.data<D>() + indices[i] * width + begin;
    for_each_vector(end - begin, [&](std::int64_t c, auto lanes) ALPHA_VECTOR_CODE {
      store(hn::Add(load(dweight + c, lanes), load(dy + c, lanes)), dweight + c, lanes);
    });
  }
}

void embedding_backward_columns(const EmbeddingBackwardArgs& args, std::int64_t begin,
                                std::int64_t end) {
  visit_native(args.dtype(), [&](auto* in) ALPHA_VECTOR_CODE {
    visit_native(args.dweight.dtype(), [&](auto* out) ALPHA_VECTOR_CODE {
      add_columns<std::remove_pointer_t<decltype(in)>, std::remove_pointer_t<decltype(out)>>(
          args, begin, end);
    });
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(embedding_backward_columns);

}  // namespace

void embedding(CpuBackend& backend, const EmbeddingArgs& args) {
  const std::int64_t width = args.weight.shape()[1];
  const std::int64_t row_bytes = width * static_cast<std::int64_t>(size_of(args.dtype()));
  if (row_bytes == 0) return;
  const std::int32_t* indices = args.indices.data<std::int32_t>();
  backend.pool().run_chunks(
      args.indices.numel(), row_grain(width), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          std::memcpy(args.out.raw() + i * row_bytes, args.weight.raw() + indices[i] * row_bytes,
                      static_cast<std::size_t>(row_bytes));
        }
      });
}

void embedding_backward(CpuBackend& backend, const EmbeddingBackwardArgs& args) {
  // Each task adds some columns for every token, so that repeated tokens add up in order. Four
  // cache lines of f32 are the narrowest stripe that is worth a pass over the indices.
  constexpr std::int64_t kMinColumns = 64;
  const std::int64_t columns = std::max(kMinColumns, row_grain(args.indices.numel()));
  backend.pool().run_chunks(args.dweight.shape()[1], columns,
                            [&](std::int64_t begin, std::int64_t end) {
                              HWY_DYNAMIC_DISPATCH(embedding_backward_columns)(args, begin, end);
                            });
}

}  // namespace alpha::cpu

#endif
