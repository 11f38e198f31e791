#include "alpha/tensor/ops/attention.h"

#include <algorithm>
#include <span>
#include <vector>

#include "alpha/cpu_ref/kernels/activations.h"
#include "alpha/cpu_ref/kernels/dropout_mask.h"
#include "alpha/cpu_ref/kernels/loops.h"
#include "alpha/cpu_ref/kernels/softmax_sum.h"

namespace alpha::cpu_ref {

namespace {

/// Sizes of packed queries, keys and values [B, T, 3C].
struct Sizes {
  std::int64_t B;
  std::int64_t T;
  std::int64_t C;
  std::int64_t H;
  std::int64_t D;

  Sizes(const Tensor& qkv, const AttentionOptions& options)
      : B(qkv.shape()[0]),
        T(qkv.shape()[1]),
        C(qkv.shape()[2] / 3),
        H(options.n_heads),
        D(C / H) {}

  /// Element of the dropout mask [B, H, T, T] for query t and key 0.
  std::int64_t mask_row(std::int64_t b, std::int64_t h, std::int64_t t) const {
    return ((b * H + h) * T + t) * T;
  }
};

/// Rows of one head, D elements each, `stride` elements apart.
template<class T>
struct Rows {
  T* first;
  std::int64_t stride;

  T* operator[](std::int64_t row) const { return first + row * stride; }
};

template<class A, class B>
double dot(const A* a, const B* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// Part 0 (queries), 1 (keys) or 2 (values) of head h in batch entry b.
template<class T>
Rows<T> packed_rows(T* qkv, const Sizes& n, std::int64_t b, std::int64_t h, std::int64_t part) {
  return {qkv + b * n.T * 3 * n.C + part * n.C + h * n.D, 3 * n.C};
}

/// score[s] for s < scores.size(), soft-capped.
template<class T>
void compute_scores(const T* q, Rows<const T> k, std::int64_t D, double soft_cap,
                    std::span<double> scores) {
  const double scale = 1 / std::sqrt(static_cast<double>(D));
  for (std::size_t s = 0; s < scores.size(); ++s) {
    const double score = dot(q, k[static_cast<std::int64_t>(s)], D) * scale;
    scores[s] = soft_cap > 0 ? soft_cap_value(score, soft_cap) : score;
  }
}

/// One head of one batch entry. `scratch` has a double for every position.
template<class T>
void attend(const AttentionArgs& args, const Sizes& n, std::int64_t b, std::int64_t h,
            std::span<double> scratch) {
  const T* qkv = args.qkv.data<T>();
  const Rows<const T> q = packed_rows(qkv, n, b, h, 0);
  const Rows<const T> k = packed_rows(qkv, n, b, h, 1);
  const Rows<const T> v = packed_rows(qkv, n, b, h, 2);
  auto* lse = args.lse.data<Accumulator<T>>();
  const DropoutMask mask(args.options.key, args.options.dropout);
  for (std::int64_t t = 0; t < n.T; ++t) {
    const std::int64_t n_seen = t + 1;
    const std::span<double> weights = scratch.first(static_cast<std::size_t>(n_seen));
    compute_scores(q[t], k, n.D, args.options.soft_cap, weights);
    const SoftmaxSum denominator =
        softmax_sum(n_seen, [&](std::int64_t s) { return weights[static_cast<std::size_t>(s)]; });
    for (std::size_t s = 0; s < weights.size(); ++s) {
      weights[s] = mask.apply(denominator.weight(weights[s]),
                              n.mask_row(b, h, t) + static_cast<std::int64_t>(s));
    }
    T* out = args.out.data<T>() + (b * n.T + t) * n.C + h * n.D;
    for (std::int64_t d = 0; d < n.D; ++d) {
      double sum = 0;
      for (std::int64_t s = 0; s < n_seen; ++s) {
        sum += weights[static_cast<std::size_t>(s)] * static_cast<double>(v[s][d]);
      }
      out[d] = convert<T>(sum);
    }
    lse[(b * n.H + h) * n.T + t] = convert<Accumulator<T>>(denominator.lse());
  }
}

/// Gradients of one head, [T, D] each, and what one query needs, [T] each.
struct BackwardScratch {
  std::vector<double> dq, dk, dv;
  std::vector<double> scores, weight_gradients;

  explicit BackwardScratch(const Sizes& n) {
    for (auto* head : {&dq, &dk, &dv}) head->resize(static_cast<std::size_t>(n.T * n.D));
    for (auto* row : {&scores, &weight_gradients}) row->resize(static_cast<std::size_t>(n.T));
  }

  void clear() {
    for (auto* head : {&dq, &dk, &dv}) std::ranges::fill(*head, 0.0);
  }
};

/// Adds what query t gives. With w the softmax weights, u = drop(w), and dw = drop(dout · v):
///
///   dv[s] += u[s] dout;  dscore[s] = w[s] (dw[s] - Σ w dw), through the cap;
///   dq += dscore[s] k[s] / √D;  dk[s] += dscore[s] q / √D.
template<class T>
void add_query_gradient(const AttentionBackwardArgs& args, const Sizes& n, std::int64_t b,
                        std::int64_t h, std::int64_t t, BackwardScratch& scratch) {
  const T* qkv = args.qkv.data<T>();
  const T* q = packed_rows(qkv, n, b, h, 0)[t];
  const Rows<const T> k = packed_rows(qkv, n, b, h, 1);
  const Rows<const T> v = packed_rows(qkv, n, b, h, 2);
  const T* dout = args.dout.data<T>() + (b * n.T + t) * n.C + h * n.D;
  const double lse = args.lse.data<Accumulator<T>>()[(b * n.H + h) * n.T + t];
  const double scale = 1 / std::sqrt(static_cast<double>(n.D));
  const double cap = args.options.soft_cap;
  const DropoutMask mask(args.options.key, args.options.dropout);
  const Rows<double> dk{scratch.dk.data(), n.D};
  const Rows<double> dv{scratch.dv.data(), n.D};
  double* dq = scratch.dq.data() + t * n.D;
  const double* scores = scratch.scores.data();
  double* dw = scratch.weight_gradients.data();

  compute_scores(q, k, n.D, cap, std::span(scratch.scores).first(static_cast<std::size_t>(t + 1)));
  double mean_dw = 0;
  for (std::int64_t s = 0; s <= t; ++s) {
    const std::int64_t element = n.mask_row(b, h, t) + s;
    const double w = std::exp(scores[s] - lse);
    const double u = mask.apply(w, element);
    for (std::int64_t d = 0; d < n.D; ++d) dv[s][d] += u * static_cast<double>(dout[d]);
    dw[s] = mask.apply(dot(dout, v[s], n.D), element);
    mean_dw += w * dw[s];
  }
  for (std::int64_t s = 0; s <= t; ++s) {
    double dscore = std::exp(scores[s] - lse) * (dw[s] - mean_dw);
    if (cap > 0) dscore *= soft_cap_derivative_from_result(scores[s], cap);
    for (std::int64_t d = 0; d < n.D; ++d) {
      dq[d] += dscore * scale * static_cast<double>(k[s][d]);
      dk[s][d] += dscore * scale * static_cast<double>(q[d]);
    }
  }
}

template<class T>
void store_head(const std::vector<double>& gradient, Rows<T> rows, const Sizes& n) {
  for (std::int64_t t = 0; t < n.T; ++t) {
    for (std::int64_t d = 0; d < n.D; ++d) {
      rows[t][d] = convert<T>(gradient[static_cast<std::size_t>(t * n.D + d)]);
    }
  }
}

template<class T>
void backward(const AttentionBackwardArgs& args) {
  const Sizes n(args.qkv, args.options);
  T* dqkv = args.dqkv.data<T>();
  BackwardScratch scratch(n);
  for (std::int64_t b = 0; b < n.B; ++b) {
    for (std::int64_t h = 0; h < n.H; ++h) {
      scratch.clear();
      for (std::int64_t t = 0; t < n.T; ++t) add_query_gradient<T>(args, n, b, h, t, scratch);
      store_head(scratch.dq, packed_rows(dqkv, n, b, h, 0), n);
      store_head(scratch.dk, packed_rows(dqkv, n, b, h, 1), n);
      store_head(scratch.dv, packed_rows(dqkv, n, b, h, 2), n);
    }
  }
}

}  // namespace

void attention(Backend& /*backend*/, const AttentionArgs& args) {
  const Sizes n(args.qkv, args.options);
  std::vector<double> scratch(static_cast<std::size_t>(n.T));
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) {
    for (std::int64_t b = 0; b < n.B; ++b) {
      for (std::int64_t h = 0; h < n.H; ++h) attend<T>(args, n, b, h, scratch);
    }
  });
}

void attention_backward(Backend& /*backend*/, const AttentionBackwardArgs& args) {
  visit_floating(args.dtype(), [&]<class T>(TypeTag<T>) { backward<T>(args); });
}

}  // namespace alpha::cpu_ref
