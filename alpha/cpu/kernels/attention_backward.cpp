#include <algorithm>
#include <utility>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/attention_task.h"
#include "alpha/cpu/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/attention_backward.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/attention-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {
namespace {

/// Whole rows [T, padded D] of one head, and one block of keys.
struct BackwardScratch {
  float* q = nullptr;     // [T, padded D]
  float* dout = nullptr;  // [T, padded D]
  float* dq = nullptr;    // [T, padded D]
  float* mean = nullptr;  // [T] Σ dout · out
  float* k = nullptr;     // [kBlock, padded D]
  float* v = nullptr;
  float* dk = nullptr;
  float* dv = nullptr;
  float* k_transposed = nullptr;  // [D, kBlock]
  float* v_transposed = nullptr;
  float* weights = nullptr;  // [kBlock queries, kBlock keys]
  float* dscores = nullptr;

  BackwardScratch(Scratch& memory, std::int64_t T, std::int64_t padded) {
    float* p = memory.floats(static_cast<std::size_t>(3 * T * padded + round_up(T, 16) +
                                                      6 * kBlock * padded + 2 * kBlock * kBlock));
    const auto take = [&p](std::int64_t n) { return std::exchange(p, p + n); };
    for (float** part : {&q, &dout, &dq}) *part = take(T * padded);
    mean = take(round_up(T, 16));
    for (float** part : {&k, &v, &dk, &dv, &k_transposed, &v_transposed}) {
      *part = take(kBlock * padded);
    }
    for (float** part : {&weights, &dscores}) *part = take(kBlock * kBlock);
  }
};

/// One head of one batch entry. With s the score of a query and a key, w = e^(s - lse),
/// u = drop(w) and dw = drop(dout · v):
///
///   dv += u dout;  ds = w (dw - Σ dout · out), through the cap;  dq += ds k / √D;
///   dk += ds q / √D.
template<class T>
class BackwardTask {
 public:
  BackwardTask(const AttentionBackwardArgs& args, std::int64_t task, Scratch& memory)
      : args_(args),
        n_(args.qkv, args.options),
        padded_(round_up(n_.D, kTile)),
        b_(task / n_.H),
        h_(task % n_.H),
        lse_(args.lse.data<float>() + n_.lse(b_, h_, 0)),
        scratch_(memory, n_.T, padded_) {}

  HWY_INLINE void run() {
    const T* q = args_.qkv.data<T>() + n_.query(b_, h_, 0);
    T* dq = args_.dqkv.data<T>() + n_.query(b_, h_, 0);
    pack_rows(q, 3 * n_.C, n_.T, n_.D, Result{scratch_.q, padded_});
    pack_rows(args_.dout.data<T>() + n_.out(b_, h_, 0), n_.C, n_.T, n_.D,
              Result{scratch_.dout, padded_});
    std::fill_n(scratch_.dq, n_.T * padded_, 0.0F);
    compute_means();
    for (std::int64_t key = 0; key < n_.T; key += kBlock) {
      const std::int64_t n_keys = std::min(kBlock, n_.T - key);
      pack_keys(q + key * 3 * n_.C, n_keys);
      for (std::int64_t query = key; query < n_.T; query += kBlock) {
        add_block(key, n_keys, query, std::min(kBlock, n_.T - query));
      }
      T* dk = dq + key * 3 * n_.C + n_.C;
      unpack_rows({scratch_.dk, padded_}, n_keys, n_.D, dk, 3 * n_.C);
      unpack_rows({scratch_.dv, padded_}, n_keys, n_.D, dk + n_.C, 3 * n_.C);
    }
    unpack_rows({scratch_.dq, padded_}, n_.T, n_.D, dq, 3 * n_.C);
  }

 private:
  HWY_INLINE void compute_means() {
    const T* out = args_.out.data<T>() + n_.out(b_, h_, 0);
    for (std::int64_t t = 0; t < n_.T; ++t) {
      V32 sum = set(0);
      for_each_vector(n_.D, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
        sum = hn::MulAdd(load(scratch_.dout + t * padded_ + i, lanes),
                         load(out + t * n_.C + i, lanes), sum);
      });
      scratch_.mean[t] = sum_of_lanes(sum);
    }
  }

  /// `q` is the query of the block's first position.
  HWY_INLINE void pack_keys(const T* q, std::int64_t n_keys) {
    pack_rows(q + n_.C, 3 * n_.C, n_keys, n_.D, Result{scratch_.k, padded_});
    pack_rows(q + 2 * n_.C, 3 * n_.C, n_keys, n_.D, Result{scratch_.v, padded_});
    transpose_rows({scratch_.k, padded_}, n_keys, n_.D, scratch_.k_transposed);
    transpose_rows({scratch_.v, padded_}, n_keys, n_.D, scratch_.v_transposed);
    std::fill_n(scratch_.dk, n_keys * padded_, 0.0F);
    std::fill_n(scratch_.dv, n_keys * padded_, 0.0F);
  }

  /// Adds what the queries from `query` on give to and take from the keys from `key` on.
  HWY_INLINE void add_block(std::int64_t key, std::int64_t n_keys, std::int64_t query,
                            std::int64_t n_queries) {
    for (std::int64_t row = 0; row < n_queries; row += kGroup) {
      const std::int64_t n_rows = std::min<std::int64_t>(kGroup, n_queries - row);
      const std::int64_t seen = std::min(n_keys, query + row + n_rows - key);
      add_group(key, n_keys, query, row, n_rows, seen);
    }
    const Right dout{scratch_.dout + query * padded_, padded_};
    const Right q{scratch_.q + query * padded_, padded_};
    for (std::int64_t k = 0; k < n_keys; k += kGroup) {
      const std::int64_t n_rows = std::min<std::int64_t>(kGroup, n_keys - k);
      const Range queries{std::max<std::int64_t>(0, key + k - query), n_queries};
      multiply<true>(n_rows, Left{scratch_.weights + k, 1, kBlock}, dout,
                     Result{scratch_.dv + k * padded_, padded_}, padded_, queries);
      multiply<true>(n_rows, Left{scratch_.dscores + k, 1, kBlock}, q,
                     Result{scratch_.dk + k * padded_, padded_}, padded_, queries);
    }
  }

  /// Weights and score gradients of a group of queries that see at most `seen` keys of the block;
  /// zeros for the keys that one of them does not see. Adds to their dq.
  HWY_INLINE void add_group(std::int64_t key, std::int64_t n_keys, std::int64_t query,
                            std::int64_t row, std::int64_t n_rows, std::int64_t seen) {
    const std::int64_t n_columns = round_up(seen, kTile);
    const Result weights{scratch_.weights + row * kBlock, kBlock};
    const Result dscores{scratch_.dscores + row * kBlock, kBlock};
    const std::int64_t first = (query + row) * padded_;
    multiply<false>(n_rows, Left{scratch_.q + first, padded_, 1}, {scratch_.k_transposed, kBlock},
                    weights, n_columns, {0, n_.D});
    multiply<false>(n_rows, Left{scratch_.dout + first, padded_, 1},
                    {scratch_.v_transposed, kBlock}, dscores, n_columns, {0, n_.D});
    for (std::int64_t r = 0; r < n_rows; ++r) {
      const std::int64_t t = query + row + r;
      differentiate_row(t, key, std::min(n_keys, t + 1 - key), n_columns, weights.from_row(r).p,
                        dscores.from_row(r).p);
    }
    multiply<true>(n_rows, Left{dscores.p, kBlock, 1}, {scratch_.k, padded_},
                   Result{scratch_.dq + first, padded_}, padded_, {0, seen});
  }

  /// `weights` holds q · k and `dscores` holds dout · v; the result replaces them.
  HWY_INLINE void differentiate_row(std::int64_t t, std::int64_t key, std::int64_t n_seen,
                                    std::int64_t n_columns, float* weights, float* dscores) {
    const AttentionOptions& options = args_.options;
    const auto cap = static_cast<float>(options.soft_cap);
    const V32 kept = set(static_cast<float>(1 / (1 - options.dropout)));
    const RowMask mask(options.key, options.dropout, n_.mask(b_, h_, t));
    const V32 mean = set(scratch_.mean[t]);
    for (std::int64_t i = 0; i < n_columns; i += kLanes) {
      V32 score = hn::Mul(load(weights + i), set(n_.scale));
      V32 slope = set(n_.scale);
      if (cap > 0) {
        const V32 tanh = vtanh(hn::Div(score, set(cap)));
        score = hn::Mul(set(cap), tanh);
        slope = hn::Mul(slope, hn::NegMulAdd(tanh, tanh, set(1.0F)));
      }
      const auto is_seen =
          hn::Lt(hn::Iota(F32(), static_cast<float>(i)), set(static_cast<float>(n_seen)));
      const V32 w = weight_exp(hn::Sub(score, set(lse_[t])));
      V32 u = w;
      V32 dw = load(dscores + i);
      if (options.dropout > 0) {
        u = mask.apply(hn::Mul(u, kept), key + i);
        dw = mask.apply(hn::Mul(dw, kept), key + i);
      }
      const V32 ds = hn::Mul(hn::Mul(w, hn::Sub(dw, mean)), slope);
      store(hn::IfThenElseZero(is_seen, u), weights + i);
      store(hn::IfThenElseZero(is_seen, ds), dscores + i);
    }
  }

  const AttentionBackwardArgs& args_;
  AttentionLayout n_;
  std::int64_t padded_;  // D rounded up to whole tiles
  std::int64_t b_;
  std::int64_t h_;
  const float* lse_;  // [T]
  BackwardScratch scratch_;
};

void backward_task(const AttentionBackwardArgs& args, std::int64_t task, Scratch& memory) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    BackwardTask<std::remove_pointer_t<decltype(type)>>(args, task, memory).run();
  });
}

}  // namespace
}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

HWY_EXPORT(backward_task);

void attention_backward(CpuBackend& backend, const AttentionBackwardArgs& args) {
  const AttentionLayout n(args.qkv, args.options);
  if (n.T * n.D == 0) return;
  // A head's gradients are all made by one task, so their sums have one order.
  backend.pool().run(n.B * n.H, [&](std::int64_t task) {
    thread_local Scratch memory;
    HWY_DYNAMIC_DISPATCH(backward_task)(args, task, memory);
  });
}

}  // namespace alpha::cpu

#endif
