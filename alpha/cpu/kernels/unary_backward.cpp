#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/unary_backward.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/tensor/ops/unary.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

/// dx = f(x, dy) over elements [begin, end).
template<class T, class Args, class F>
HWY_INLINE void map2(const Args& args, std::int64_t begin, std::int64_t end, F f) {
  const T* x = args.x.template data<T>() + begin;
  const T* dy = args.dy.template data<T>() + begin;
  T* dx = args.dx.template data<T>() + begin;
  for_each_vector(end - begin, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    store(f(load(x + i, lanes), load(dy + i, lanes)), dx + i, lanes);
  });
}

template<class T, OpId op>
HWY_INLINE void backward_typed(const UnaryBackwardArgs<op>& args, std::int64_t begin,
                               std::int64_t end) {
  const V32 a = set(static_cast<float>(args.a));
  const V32 b = set(static_cast<float>(args.b));
  if constexpr (op == OpId::clamp_backward) {
    map2<T>(args, begin, end, [&](V32 x, V32 dy) ALPHA_VECTOR_CODE {
      return hn::IfThenElseZero(hn::And(hn::Lt(a, x), hn::Lt(x, b)), dy);
    });
  } else if constexpr (op == OpId::relu_backward) {
    map2<T>(args, begin, end, [](V32 x, V32 dy) ALPHA_VECTOR_CODE {
      return hn::IfThenElseZero(hn::Gt(x, set(0)), dy);
    });
  } else if constexpr (op == OpId::gelu_backward) {
    map2<T>(args, begin, end,
            [](V32 x, V32 dy) ALPHA_VECTOR_CODE { return hn::Mul(dy, gelu_slope(x)); });
  } else if constexpr (op == OpId::silu_backward) {
    map2<T>(args, begin, end,
            [](V32 x, V32 dy) ALPHA_VECTOR_CODE { return hn::Mul(dy, silu_slope(x)); });
  } else {
    static_assert(op == OpId::soft_cap_backward);
    const V32 inverse = set(static_cast<float>(1.0 / args.a));
    map2<T>(args, begin, end, [&](V32 x, V32 dy) ALPHA_VECTOR_CODE {
      const V32 t = vtanh(hn::Mul(x, inverse));
      return hn::Mul(dy, hn::NegMulAdd(t, t, set(1.0F)));
    });
  }
}

template<OpId op>
void backward_range(const UnaryBackwardArgs<op>& args, std::int64_t begin, std::int64_t end) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    backward_typed<std::remove_pointer_t<decltype(type)>>(args, begin, end);
  });
}

void clamp_backward_range(const ClampBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  backward_range(args, begin, end);
}

void relu_backward_range(const ReluBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  backward_range(args, begin, end);
}

void gelu_backward_range(const GeluBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  backward_range(args, begin, end);
}

void silu_backward_range(const SiluBackwardArgs& args, std::int64_t begin, std::int64_t end) {
  backward_range(args, begin, end);
}

void soft_cap_backward_range(const SoftCapBackwardArgs& args, std::int64_t begin,
                             std::int64_t end) {
  backward_range(args, begin, end);
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(clamp_backward_range);
HWY_EXPORT(relu_backward_range);
HWY_EXPORT(gelu_backward_range);
HWY_EXPORT(silu_backward_range);
HWY_EXPORT(soft_cap_backward_range);

}  // namespace

void clamp_backward(CpuBackend& backend, const ClampBackwardArgs& args) {
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(clamp_backward_range)(args, begin, end);
  });
}

void relu_backward(CpuBackend& backend, const ReluBackwardArgs& args) {
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(relu_backward_range)(args, begin, end);
  });
}

void gelu_backward(CpuBackend& backend, const GeluBackwardArgs& args) {
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(gelu_backward_range)(args, begin, end);
  });
}

void silu_backward(CpuBackend& backend, const SiluBackwardArgs& args) {
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(silu_backward_range)(args, begin, end);
  });
}

void soft_cap_backward(CpuBackend& backend, const SoftCapBackwardArgs& args) {
  backend.pool().run_chunks(args.x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(soft_cap_backward_range)(args, begin, end);
  });
}

}  // namespace alpha::cpu

#endif
