#include "alpha/tensor/ops/layer_norm.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

template<class T>
void forward(const LayerNormArgs& args) {
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t C = args.x.shape()[1];
  const T* weight = args.weight.data<T>();
  const T* bias = data_or_null<T>(args.bias);
  auto* means = args.mean.data<Accumulator<T>>();
  auto* rstds = args.rstd.data<Accumulator<T>>();
  for (std::int64_t n = 0; n < N; ++n) {
    const T* x = args.x.data<T>() + n * C;
    T* out = args.out.data<T>() + n * C;
    double sum = 0;
    for (std::int64_t c = 0; c < C; ++c) sum += static_cast<double>(x[c]);
    const double mean = sum / static_cast<double>(C);
    double squares = 0;
    for (std::int64_t c = 0; c < C; ++c) {
      const double centred = static_cast<double>(x[c]) - mean;
      squares += centred * centred;
    }
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(C) + args.eps);
    for (std::int64_t c = 0; c < C; ++c) {
      const double normalised = (static_cast<double>(x[c]) - mean) * rstd;
      const double shift = bias != nullptr ? static_cast<double>(bias[c]) : 0.0;
      out[c] = convert<T>(normalised * static_cast<double>(weight[c]) + shift);
    }
    means[n] = convert<Accumulator<T>>(mean);
    rstds[n] = convert<Accumulator<T>>(rstd);
  }
}

/// With x̂ = (x - mean) rstd and g = dy · weight:  dx = rstd (g - mean(g) - x̂ mean(g x̂)).
template<class T>
void input_gradient(const LayerNormBackwardArgs& args) {
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t C = args.x.shape()[1];
  const T* weight = args.weight.data<T>();
  for (std::int64_t n = 0; n < N; ++n) {
    const T* x = args.x.data<T>() + n * C;
    const T* dy = args.dy.data<T>() + n * C;
    T* dx = args.dx.data<T>() + n * C;
    const double mean = args.mean.data<Accumulator<T>>()[n];
    const double rstd = args.rstd.data<Accumulator<T>>()[n];
    double g_sum = 0;
    double gx_sum = 0;
    for (std::int64_t c = 0; c < C; ++c) {
      const double g = static_cast<double>(dy[c]) * static_cast<double>(weight[c]);
      g_sum += g;
      gx_sum += g * (static_cast<double>(x[c]) - mean) * rstd;
    }
    const double g_mean = g_sum / static_cast<double>(C);
    const double gx_mean = gx_sum / static_cast<double>(C);
    for (std::int64_t c = 0; c < C; ++c) {
      const double g = static_cast<double>(dy[c]) * static_cast<double>(weight[c]);
      const double normalised = (static_cast<double>(x[c]) - mean) * rstd;
      dx[c] = convert<T>(rstd * (g - g_mean - normalised * gx_mean));
    }
  }
}

/// dweight += Σ dy x̂,  dbias += Σ dy, over the rows.
template<class T>
void parameter_gradients(const LayerNormBackwardArgs& args) {
  using Sum = Accumulator<T>;
  const std::int64_t N = args.x.shape()[0];
  const std::int64_t C = args.x.shape()[1];
  const T* x = args.x.data<T>();
  const T* dy = args.dy.data<T>();
  const Sum* mean = args.mean.data<Sum>();
  const Sum* rstd = args.rstd.data<Sum>();
  Sum* dweight = args.dweight.data<Sum>();
  Sum* dbias = data_or_null<Sum>(args.dbias);
  for (std::int64_t c = 0; c < C; ++c) {
    double weight_sum = dweight[c];
    double bias_sum = dbias != nullptr ? static_cast<double>(dbias[c]) : 0.0;
    for (std::int64_t n = 0; n < N; ++n) {
      const double d = dy[n * C + c];
      const double centred = static_cast<double>(x[n * C + c]) - static_cast<double>(mean[n]);
      weight_sum += d * centred * static_cast<double>(rstd[n]);
      bias_sum += d;
    }
    dweight[c] = convert<Sum>(weight_sum);
    if (dbias != nullptr) dbias[c] = convert<Sum>(bias_sum);
  }
}

}  // namespace

void layer_norm(Backend& /*backend*/, const LayerNormArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) { forward<T>(args); });
}

void layer_norm_backward(Backend& /*backend*/, const LayerNormBackwardArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    input_gradient<T>(args);
    parameter_gradients<T>(args);
  });
}

}  // namespace alpha::cpu_ref
