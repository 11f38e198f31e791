#include "alpha/tensor/ops/linear.h"

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/gemm_convert.h"
#include "alpha/cpu/kernels/activation.h"
#include "alpha/cpu/kernels/grain.h"

namespace alpha::cpu {

void linear(CpuBackend& backend, const LinearArgs& args) {
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t K = args.x.shape()[1];
  const std::int64_t M = args.weight.shape()[0];
  const bool is_pre_wanted = args.pre.is_defined();
  // `pre` has the dtype of x: a wider out is made first, and `pre` is rounded from it.
  const bool is_pre_rounded = is_pre_wanted && args.pre.dtype() != args.out.dtype();
  GemmArgs product{.M = N,
                   .N = M,
                   .K = K,
                   .a = args.x.raw(),
                   .b = args.weight.raw(),
                   .c = is_pre_wanted && !is_pre_rounded ? args.pre.raw() : args.out.raw(),
                   .lda = K,
                   .ldb = K,
                   .ldc = M,
                   .trans_b = true,
                   .in_dtype = args.x.dtype(),
                   .out_dtype = args.out.dtype(),
                   .bias = args.bias.is_defined() ? args.bias.raw() : nullptr};
  if (!is_pre_rounded && (is_pre_wanted || args.activation != Activation::none)) {
    product.activated = args.out.raw();
    product.activation = args.activation;
  }
  backend.gemm().run(backend.pool(), product);
  if (!is_pre_rounded) return;
  float* out = args.out.data<float>();
  BF16* pre = args.pre.data<BF16>();
  backend.pool().run_chunks(N * M, kGrain, [&](std::int64_t begin, std::int64_t end) {
    f32_to_bf16(out + begin, pre + begin, end - begin);
    apply_activation(args.activation, DType::f32, out + begin, out + begin, end - begin);
  });
}

}  // namespace alpha::cpu
