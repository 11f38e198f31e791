#include "alpha/tensor/ops/unary.h"

#include "alpha/cpu_ref/kernels/activations.h"
#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

/// out = f(x).
template<class Args, class F>
void map(const Args& args, F f) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.template data<T>();
    T* out = args.out.template data<T>();
    const std::int64_t n = args.x.numel();
    for (std::int64_t i = 0; i < n; ++i) out[i] = convert<T>(f(x[i]));
  });
}

/// dx = dy · derivative(x).
template<class Args, class F>
void map_backward(const Args& args, F derivative) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.template data<T>();
    const T* dy = args.dy.template data<T>();
    T* dx = args.dx.template data<T>();
    const std::int64_t n = args.x.numel();
    for (std::int64_t i = 0; i < n; ++i) {
      dx[i] = convert<T>(static_cast<double>(dy[i]) * derivative(x[i]));
    }
  });
}

}  // namespace

void neg(Backend& /*backend*/, const NegArgs& args) {
  map(args, [](double x) { return -x; });
}

void exp(Backend& /*backend*/, const ExpArgs& args) {
  map(args, [](double x) { return std::exp(x); });
}

void log(Backend& /*backend*/, const LogArgs& args) {
  map(args, [](double x) { return std::log(x); });
}

void sqrt(Backend& /*backend*/, const SqrtArgs& args) {
  map(args, [](double x) { return std::sqrt(x); });
}

void pow(Backend& /*backend*/, const PowArgs& args) {
  map(args, [&](double x) { return std::pow(x, args.a); });
}

void scale(Backend& /*backend*/, const ScaleArgs& args) {
  map(args, [&](double x) { return args.a * x; });
}

void clamp(Backend& /*backend*/, const ClampArgs& args) {
  map(args, [&](double x) { return std::clamp(x, args.a, args.b); });
}

void clamp_backward(Backend& /*backend*/, const ClampBackwardArgs& args) {
  map_backward(args, [&](double x) { return args.a < x && x < args.b ? 1.0 : 0.0; });
}

void relu(Backend& /*backend*/, const ReluArgs& args) {
  map(args, relu_value);
}

void relu_backward(Backend& /*backend*/, const ReluBackwardArgs& args) {
  map_backward(args, relu_derivative);
}

void gelu(Backend& /*backend*/, const GeluArgs& args) {
  map(args, gelu_value);
}

void gelu_backward(Backend& /*backend*/, const GeluBackwardArgs& args) {
  map_backward(args, gelu_derivative);
}

void silu(Backend& /*backend*/, const SiluArgs& args) {
  map(args, silu_value);
}

void silu_backward(Backend& /*backend*/, const SiluBackwardArgs& args) {
  map_backward(args, silu_derivative);
}

void soft_cap(Backend& /*backend*/, const SoftCapArgs& args) {
  map(args, [&](double x) { return soft_cap_value(x, args.a); });
}

void soft_cap_backward(Backend& /*backend*/, const SoftCapBackwardArgs& args) {
  map_backward(args, [&](double x) {
    return soft_cap_derivative_from_result(soft_cap_value(x, args.a), args.a);
  });
}

}  // namespace alpha::cpu_ref
