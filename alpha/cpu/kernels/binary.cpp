#include "alpha/tensor/ops/binary.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/binary.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/broadcast.h"
#include "alpha/cpu/kernels/operand.h"
#include "alpha/cpu/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

template<class T, class F>
HWY_INLINE void map2(const Operand& a, const Operand& b, std::byte* out, std::int64_t n, F f) {
  const T* pa = reinterpret_cast<const T*>(a.data);
  const T* pb = reinterpret_cast<const T*>(b.data);
  T* po = reinterpret_cast<T*>(out);
  if (n == 0) return;
  const V32 a0 = set(static_cast<float>(*pa));
  const V32 b0 = set(static_cast<float>(*pb));
  if (a.is_repeated) {
    for_each_vector(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      store(f(a0, b.is_repeated ? b0 : load(pb + i, lanes)), po + i, lanes);
    });
  } else if (b.is_repeated) {
    for_each_vector(n, [&](std::int64_t i, auto lanes)
                           ALPHA_VECTOR_CODE { store(f(load(pa + i, lanes), b0), po + i, lanes); });
  } else {
    for_each_vector(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      store(f(load(pa + i, lanes), load(pb + i, lanes)), po + i, lanes);
    });
  }
}

template<class T>
void binary_typed(OpId op, const Operand& a, const Operand& b, std::byte* out, std::int64_t n) {
  switch (op) {
    case OpId::add:
      return map2<T>(a, b, out, n, [](V32 x, V32 y) ALPHA_VECTOR_CODE { return hn::Add(x, y); });
    case OpId::sub:
      return map2<T>(a, b, out, n, [](V32 x, V32 y) ALPHA_VECTOR_CODE { return hn::Sub(x, y); });
    case OpId::mul:
      return map2<T>(a, b, out, n, [](V32 x, V32 y) ALPHA_VECTOR_CODE { return hn::Mul(x, y); });
    default:
      return map2<T>(a, b, out, n, [](V32 x, V32 y) ALPHA_VECTOR_CODE { return hn::Div(x, y); });
  }
}

void binary_run(OpId op, DType dtype, const Operand& a, const Operand& b, std::byte* out,
                std::int64_t n) {
  visit_native(dtype, [&](auto* type) ALPHA_VECTOR_CODE {
    binary_typed<std::remove_pointer_t<decltype(type)>>(op, a, b, out, n);
  });
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(binary_run);

template<OpId op>
void run_binary(CpuBackend& backend, const BinaryArgs<op>& args) {
  const DType dtype = args.dtype();
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  const std::array shapes = {args.a.shape(), args.b.shape()};
  const BroadcastRuns runs(args.out.shape(), shapes);
  runs.for_each(backend.pool(), [&](std::int64_t run, std::int64_t begin, std::int64_t end) {
    const Operand a{args.a.raw() + runs.offset(0, run, begin) * size, runs.is_repeated(0)};
    const Operand b{args.b.raw() + runs.offset(1, run, begin) * size, runs.is_repeated(1)};
    std::byte* out = args.out.raw() + (run * runs.size() + begin) * size;
    HWY_DYNAMIC_DISPATCH(binary_run)(op, dtype, a, b, out, end - begin);
  });
}

}  // namespace

void add(CpuBackend& backend, const AddArgs& args) {
  run_binary(backend, args);
}

void sub(CpuBackend& backend, const SubArgs& args) {
  run_binary(backend, args);
}

void mul(CpuBackend& backend, const MulArgs& args) {
  run_binary(backend, args);
}

void div(CpuBackend& backend, const DivArgs& args) {
  run_binary(backend, args);
}

}  // namespace alpha::cpu

#endif
