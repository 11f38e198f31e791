#include "alpha/tensor/ops/softmax.h"

#include "alpha/cpu_ref/kernels/loops.h"
#include "alpha/cpu_ref/kernels/softmax_sum.h"

namespace alpha::cpu_ref {

namespace {

/// out = f(x, denominator of its line) along the axis.
template<class Args, class F>
void map_lines(const Args& args, F f) {
  const AxisSplit split(args.x.shape(), args.axis);
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = args.x.template data<T>();
    T* out = args.out.template data<T>();
    split.for_each_line([&](std::int64_t first) {
      const SoftmaxSum denominator = softmax_sum(
          split.n, [&](std::int64_t i) { return static_cast<double>(x[first + i * split.inner]); });
      for (std::int64_t i = 0; i < split.n; ++i) {
        const std::int64_t at = first + i * split.inner;
        out[at] = convert<T>(f(x[at], denominator));
      }
    });
  });
}

/// dx = gradient(y, dy, s), s the sum of term(y, dy) over the line.
template<class Args, class Term, class Gradient>
void map_lines_backward(const Args& args, Term term, Gradient gradient) {
  const AxisSplit split(args.y.shape(), args.axis);
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    const T* y = args.y.template data<T>();
    const T* dy = args.dy.template data<T>();
    T* dx = args.dx.template data<T>();
    split.for_each_line([&](std::int64_t first) {
      const std::int64_t end = first + split.n * split.inner;
      double sum = 0;
      for (std::int64_t at = first; at < end; at += split.inner) sum += term(y[at], dy[at]);
      for (std::int64_t at = first; at < end; at += split.inner) {
        dx[at] = convert<T>(gradient(y[at], dy[at], sum));
      }
    });
  });
}

}  // namespace

void softmax(Backend& /*backend*/, const SoftmaxArgs& args) {
  map_lines(args, [](double x, const SoftmaxSum& denominator) { return denominator.weight(x); });
}

void softmax_backward(Backend& /*backend*/, const SoftmaxBackwardArgs& args) {
  map_lines_backward(
      args, [](double y, double dy) { return y * dy; },
      [](double y, double dy, double sum) { return y * (dy - sum); });
}

void log_softmax(Backend& /*backend*/, const LogSoftmaxArgs& args) {
  map_lines(args, [](double x, const SoftmaxSum& denominator) {
    // A line of -infinities has sum 0 and stays as it is.
    return denominator.sum == 0 ? x : x - denominator.lse();
  });
}

void log_softmax_backward(Backend& /*backend*/, const LogSoftmaxBackwardArgs& args) {
  map_lines_backward(
      args, [](double /*y*/, double dy) { return dy; },
      [](double y, double dy, double sum) { return dy - std::exp(y) * sum; });
}

}  // namespace alpha::cpu_ref
