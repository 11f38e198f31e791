#include "alpha/tensor/ops/fill.h"

#include <algorithm>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"

namespace alpha::cpu {

namespace {

template<class T>
void fill_typed(CpuBackend& backend, const FillArgs& args) {
  const T value = T(static_cast<float>(args.value));
  T* out = args.out.data<T>();
  backend.pool().run_chunks(
      args.out.numel(), 4 * kGrain,
      [&](std::int64_t begin, std::int64_t end) { std::fill(out + begin, out + end, value); });
}

}  // namespace

void fill(CpuBackend& backend, const FillArgs& args) {
  if (args.dtype() == DType::bf16) {
    fill_typed<BF16>(backend, args);
  } else {
    fill_typed<float>(backend, args);
  }
}

}  // namespace alpha::cpu
