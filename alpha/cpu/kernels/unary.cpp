#include "alpha/tensor/ops/unary.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/unary.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/activation.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T, class F>
HWY_INLINE void map(const T* x, T* out, std::int64_t n, F f) {
  for_each_vector(n, [&](std::int64_t i, auto lanes)
                         ALPHA_VECTOR_CODE { store(f(load(x + i, lanes)), out + i, lanes); });
}

template<class T>
void unary_typed(OpId op, const T* x, T* out, std::int64_t n, float a, float b) {
  const V32 va = set(a);
  const V32 vb = set(b);
  switch (op) {
    case OpId::neg: return map(x, out, n, [](V32 v) ALPHA_VECTOR_CODE { return hn::Neg(v); });
    case OpId::exp: return map(x, out, n, [](V32 v) ALPHA_VECTOR_CODE { return vexp(v); });
    case OpId::sqrt: return map(x, out, n, [](V32 v) ALPHA_VECTOR_CODE { return hn::Sqrt(v); });
    case OpId::scale:
      return map(x, out, n, [&](V32 v) ALPHA_VECTOR_CODE { return hn::Mul(v, va); });
    case OpId::clamp:
      return map(x, out, n, [&](V32 v) ALPHA_VECTOR_CODE { return hn::Min(vb, hn::Max(va, v)); });
    case OpId::relu: return map(x, out, n, [](V32 v) ALPHA_VECTOR_CODE { return relu_of(v); });
    case OpId::gelu: return map(x, out, n, [](V32 v) ALPHA_VECTOR_CODE { return gelu_of(v); });
    case OpId::silu: return map(x, out, n, [](V32 v) ALPHA_VECTOR_CODE { return silu_of(v); });
    case OpId::soft_cap: {
      const V32 inverse = set(1.0F / a);
      return map(x, out, n,
                 [&](V32 v) ALPHA_VECTOR_CODE { return hn::Mul(va, vtanh(hn::Mul(v, inverse))); });
    }
    default: break;
  }
}

void unary_range(OpId op, DType dtype, const void* x, void* out, std::int64_t n, float a, float b) {
  visit_native(dtype, [&](auto* type) ALPHA_VECTOR_CODE {
    using T = std::remove_pointer_t<decltype(type)>;
    unary_typed(op, static_cast<const T*>(x), static_cast<T*>(out), n, a, b);
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(unary_range);

template<OpId op>
void run_unary(CpuBackend& backend, const UnaryArgs<op>& args) {
  const DType dtype = args.dtype();
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(unary_range)
    (op, dtype, args.x.raw() + begin * size, args.out.raw() + begin * size, end - begin,
     static_cast<float>(args.a), static_cast<float>(args.b));
  });
}

/// For functions that no training step needs: one element at a time, in double.
template<OpId op, class F>
void run_scalar(CpuBackend& backend, const UnaryArgs<op>& args, F f) {
  visit_dtype(args.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, BF16>) {
      const T* x = args.x.template data<T>();
      T* out = args.out.template data<T>();
      backend.pool().run_chunks(args.x.numel(), kGrain / 4,
                                [&](std::int64_t begin, std::int64_t end) {
                                  for (std::int64_t i = begin; i < end; ++i) {
                                    out[i] = T(static_cast<float>(f(static_cast<double>(x[i]))));
                                  }
                                });
    }
  });
}

constexpr OpId unary_op(Activation activation) {
  switch (activation) {
    case Activation::gelu: return OpId::gelu;
    case Activation::relu: return OpId::relu;
    case Activation::silu:
    case Activation::none: break;
  }
  return OpId::silu;
}

}  // namespace

void apply_activation(Activation activation, DType dtype, const void* pre, void* out,
                      std::int64_t n) {
  if (activation == Activation::none) {
    if (out != pre && n > 0) std::memcpy(out, pre, static_cast<std::size_t>(n) * size_of(dtype));
    return;
  }
  HWY_DYNAMIC_DISPATCH(unary_range)(unary_op(activation), dtype, pre, out, n, 0.0F, 0.0F);
}

void neg(CpuBackend& backend, const NegArgs& args) {
  run_unary(backend, args);
}

void exp(CpuBackend& backend, const ExpArgs& args) {
  run_unary(backend, args);
}

void log(CpuBackend& backend, const LogArgs& args) {
  run_scalar(backend, args, [](double x) { return std::log(x); });
}

void sqrt(CpuBackend& backend, const SqrtArgs& args) {
  run_unary(backend, args);
}

void pow(CpuBackend& backend, const PowArgs& args) {
  run_scalar(backend, args, [&](double x) { return std::pow(x, args.a); });
}

void scale(CpuBackend& backend, const ScaleArgs& args) {
  run_unary(backend, args);
}

void clamp(CpuBackend& backend, const ClampArgs& args) {
  run_unary(backend, args);
}

void relu(CpuBackend& backend, const ReluArgs& args) {
  run_unary(backend, args);
}

void gelu(CpuBackend& backend, const GeluArgs& args) {
  run_unary(backend, args);
}

void silu(CpuBackend& backend, const SiluArgs& args) {
  run_unary(backend, args);
}

void soft_cap(CpuBackend& backend, const SoftCapArgs& args) {
  run_unary(backend, args);
}

}  // namespace alpha::cpu

#endif
