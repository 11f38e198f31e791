#include "alpha/tensor/ops/rms_norm.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

template<class T>
void forward(const RmsNormArgs& args) {
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t C = args.x.shape()[1];
  const T* weight = args.weight.data<T>();
  auto* rstds = args.rstd.data<Accumulator<T>>();
  for (std::int64_t n = 0; n < N; ++n) {
    const T* x = args.x.data<T>() + n * C;
    T* out = args.out.data<T>() + n * C;
    double squares = 0;
    for (std::int64_t c = 0; c < C; ++c) {
      const double value = x[c];
      squares += value * value;
    }
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(C) + args.eps);
    for (std::int64_t c = 0; c < C; ++c) {
      out[c] = convert<T>(static_cast<double>(x[c]) * rstd * static_cast<double>(weight[c]));
    }
    rstds[n] = convert<Accumulator<T>>(rstd);
  }
}

/// With x̂ = x rstd and g = dy · weight:  dx = rstd (g - x̂ mean(g x̂)).
template<class T>
void input_gradient(const RmsNormBackwardArgs& args) {
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t C = args.x.shape()[1];
  const T* weight = args.weight.data<T>();
  for (std::int64_t n = 0; n < N; ++n) {
    const T* x = args.x.data<T>() + n * C;
    const T* dy = args.dy.data<T>() + n * C;
    T* dx = args.dx.data<T>() + n * C;
    const double rstd = args.rstd.data<Accumulator<T>>()[n];
    double gx_sum = 0;
    for (std::int64_t c = 0; c < C; ++c) {
      const double g = static_cast<double>(dy[c]) * static_cast<double>(weight[c]);
      gx_sum += g * static_cast<double>(x[c]) * rstd;
    }
    const double gx_mean = gx_sum / static_cast<double>(C);
    for (std::int64_t c = 0; c < C; ++c) {
      const double g = static_cast<double>(dy[c]) * static_cast<double>(weight[c]);
      const double normalised = static_cast<double>(x[c]) * rstd;
      dx[c] = convert<T>(rstd * (g - normalised * gx_mean));
    }
  }
}

/// dweight += Σ dy x̂ over the rows.
template<class T>
void weight_gradient(const RmsNormBackwardArgs& args) {
  using Sum = Accumulator<T>;
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t C = args.x.shape()[1];
  const T* x = args.x.data<T>();
  const T* dy = args.dy.data<T>();
  const Sum* rstd = args.rstd.data<Sum>();
  Sum* dweight = args.dweight.data<Sum>();
  for (std::int64_t c = 0; c < C; ++c) {
    double sum = dweight[c];
    for (std::int64_t n = 0; n < N; ++n) {
      const double normalised = static_cast<double>(x[n * C + c]) * static_cast<double>(rstd[n]);
      sum += static_cast<double>(dy[n * C + c]) * normalised;
    }
    dweight[c] = convert<Sum>(sum);
  }
}

}  // namespace

void rms_norm(Backend& /*backend*/, const RmsNormArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) { forward<T>(args); });
}

void rms_norm_backward(Backend& /*backend*/, const RmsNormBackwardArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    input_gradient<T>(args);
    weight_gradient<T>(args);
  });
}

}  // namespace alpha::cpu_ref
