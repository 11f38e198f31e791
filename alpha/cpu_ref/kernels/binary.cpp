#include "alpha/tensor/ops/binary.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

template<class Args, class F>
void map_pairs(const Args& args, F f) {
  const Shape& shape = args.out.shape();
  visit_dtype(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* a = args.a.template data<T>();
    const T* b = args.b.template data<T>();
    T* out = args.out.template data<T>();
    walk(shape, broadcast_strides(args.a.shape(), shape), broadcast_strides(args.b.shape(), shape),
         [&](std::int64_t i, std::int64_t a_at, std::int64_t b_at) {
           out[i] = convert<T>(f(a[a_at], b[b_at]));
         });
  });
}

}  // namespace

void add(Backend& /*backend*/, const AddArgs& args) {
  map_pairs(args, [](double a, double b) { return a + b; });
}

void sub(Backend& /*backend*/, const SubArgs& args) {
  map_pairs(args, [](double a, double b) { return a - b; });
}

void mul(Backend& /*backend*/, const MulArgs& args) {
  map_pairs(args, [](double a, double b) { return a * b; });
}

void div(Backend& /*backend*/, const DivArgs& args) {
  map_pairs(args, [](double a, double b) { return a / b; });
}

}  // namespace alpha::cpu_ref
