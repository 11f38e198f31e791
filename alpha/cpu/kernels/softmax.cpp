#include "alpha/tensor/ops/softmax.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/softmax.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T>
HWY_INLINE void fill_row(T* out, std::int64_t n, float value) {
  for_each_vector(
      n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE { store(set(value), out + i, lanes); });
}

template<class T, bool is_log>
HWY_INLINE void softmax_row(const T* x, T* out, std::int64_t n) {
  const float max = max_of(x, n);
  if (max == -__builtin_inff()) {
    const float nothing = is_log ? max : 0.0F;
    return fill_row(out, n, has_nan_below(x, n) ? __builtin_nanf("") : nothing);
  }
  const V32 vmax = set(max);
  const double sum = sum_of(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    return vexp(hn::Sub(load(x + i, lanes), vmax));
  });
  const V32 inverse = set(static_cast<float>(1.0 / sum));
  const V32 log_sum = set(static_cast<float>(std::log(sum)));
  for_each_vector(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    const V32 v = hn::Sub(load(x + i, lanes), vmax);
    store(is_log ? hn::Sub(v, log_sum) : hn::Mul(vexp(v), inverse), out + i, lanes);
  });
}

template<class T, bool is_log>
HWY_INLINE void softmax_backward_row(const T* y, const T* dy, T* dx, std::int64_t n) {
  const double sum = sum_of(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    const V32 v = load(dy + i, lanes);
    return is_log ? v : hn::Mul(v, load(y + i, lanes));
  });
  const V32 vsum = set(static_cast<float>(sum));
  for_each_vector(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    const V32 vy = load(y + i, lanes);
    const V32 vdy = load(dy + i, lanes);
    store(is_log ? hn::NegMulAdd(vexp(vy), vsum, vdy) : hn::Mul(vy, hn::Sub(vdy, vsum)), dx + i,
          lanes);
  });
}

template<bool is_log, class Args>
HWY_INLINE void forward_rows(const Args& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    using T = std::remove_pointer_t<decltype(type)>;
    const std::int64_t n = args.x.shape().back();
    for (std::int64_t row = begin; row < end; ++row) {
      softmax_row<T, is_log>(args.x.template data<T>() + row * n,
                             args.out.template data<T>() + row * n, n);
    }
  });
}

template<bool is_log, class Args>
HWY_INLINE void backward_rows(const Args& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    using T = std::remove_pointer_t<decltype(type)>;
    const std::int64_t n = args.y.shape().back();
    for (std::int64_t row = begin; row < end; ++row) {
      softmax_backward_row<T, is_log>(args.y.template data<T>() + row * n,
                                      args.dy.template data<T>() + row * n,
                                      args.dx.template data<T>() + row * n, n);
    }
  });
}

void softmax_rows(const SoftmaxArgs& args, std::int64_t begin, std::int64_t end) {
  forward_rows<false>(args, begin, end);
}

void log_softmax_rows(const LogSoftmaxArgs& args, std::int64_t begin, std::int64_t end) {
  forward_rows<true>(args, begin, end);
}

void softmax_backward_rows(const SoftmaxBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  backward_rows<false>(args, begin, end);
}

void log_softmax_backward_rows(const LogSoftmaxBackwardArgs& args, std::int64_t begin,
                               std::int64_t end) {
  backward_rows<true>(args, begin, end);
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(softmax_rows);
HWY_EXPORT(log_softmax_rows);
HWY_EXPORT(softmax_backward_rows);
HWY_EXPORT(log_softmax_backward_rows);

/// Calls rows(begin, end) in parallel when the axis is the last one; other axes are rare and go to
/// cpu_ref.
template<class Args, class Rows>
void for_rows(CpuBackend& backend, const Args& args, const Shape& shape, Rows&& rows) {
  if (args.axis != shape.rank() - 1) {
    cpu_ref::kernel_table().run(backend, Args::kOp, args.dtype(), &args);
    return;
  }
  backend.pool().run_chunks(shape.rows(), row_grain(shape.back()), rows);
}

}  // namespace

void softmax(CpuBackend& backend, const SoftmaxArgs& args) {
  for_rows(backend, args, args.x.shape(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(softmax_rows)(args, begin, end);
  });
}

void log_softmax(CpuBackend& backend, const LogSoftmaxArgs& args) {
  for_rows(backend, args, args.x.shape(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(log_softmax_rows)(args, begin, end);
  });
}

void softmax_backward(CpuBackend& backend, const SoftmaxBackwardArgs& args) {
  for_rows(backend, args, args.y.shape(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(softmax_backward_rows)(args, begin, end);
  });
}

void log_softmax_backward(CpuBackend& backend, const LogSoftmaxBackwardArgs& args) {
  for_rows(backend, args, args.y.shape(), [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(log_softmax_backward_rows)(args, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
