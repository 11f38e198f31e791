#include <algorithm>
#include <cmath>
#include <utility>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/attention_task.h"
#include "alpha/cpu/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/attention.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/attention-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {
namespace {

constexpr float kLowest = -3.0e38F;

/// What a task needs beside its blocks of keys and values: its queries and, per query, the running
/// maximum of the scores, the sum of e^(score - maximum) and the sum of weighted values.
struct ForwardScratch {
  float* q = nullptr;             // [queries, D]
  float* k_transposed = nullptr;  // [D, kBlock]
  float* rows = nullptr;          // [kBlock, D], a bf16 block as f32
  float* v = nullptr;             // [kBlock, padded D]
  float* sum = nullptr;           // [queries, padded D]
  float* weights = nullptr;       // [kGroup, kBlock]
  float* maximum = nullptr;       // [queries]
  float* denominator = nullptr;   // [queries]

  ForwardScratch(Scratch& memory, std::int64_t D, std::int64_t padded) {
    const std::int64_t d = round_up(D, 16);
    float* p = memory.floats(static_cast<std::size_t>(kQueriesPerTask * (d + padded + 2) +
                                                      kBlock * (2 * d + padded + kGroup)));
    const auto take = [&p](std::int64_t n) { return std::exchange(p, p + n); };
    q = take(kQueriesPerTask * d);
    k_transposed = take(kBlock * d);
    rows = take(kBlock * d);
    v = take(kBlock * padded);
    sum = take(kQueriesPerTask * padded);
    weights = take(kGroup * kBlock);
    maximum = take(kQueriesPerTask);
    denominator = take(kQueriesPerTask);
  }
};

/// Turns row `row`'s products q · k into weights e^(score - maximum), for the block's first
/// n_keys keys, and updates its maximum and denominator. Returns the factor by which what was
/// summed before shrinks. `mask` is used with dropout only.
template<bool is_dropping>
HWY_INLINE float weigh_row(float* products, std::int64_t n_keys, float scale, float cap,
                           const RowMask& mask, std::int64_t first_key, float& maximum,
                           float& denominator) {
  V32 most = set(kLowest);
  for_each_vector(n_keys, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    V32 score = hn::Mul(load(products + i), set(scale));
    if (cap > 0) score = hn::Mul(set(cap), vtanh(hn::Div(score, set(cap))));
    store(score, products + i);
    most = hn::Max(most, present_or(score, set(kLowest), lanes));
  });
  const float new_maximum = std::max(maximum, max_of_lanes(most));
  V32 total = set(0);
  for_each_vector(n_keys, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
    V32 weight = weight_exp(hn::Sub(load(products + i), set(new_maximum)));
    total = hn::Add(total, present(weight, lanes));
    if constexpr (is_dropping) weight = mask.apply(weight, first_key + i);
    store(weight, products + i);
  });
  const bool is_same =
      new_maximum == maximum || maximum == kLowest;  // nothing summed, or no change
  const float shrink = is_same ? 1.0F : hn::GetLane(weight_exp(set(maximum - new_maximum)));
  maximum = new_maximum;
  denominator = denominator * shrink + sum_of_lanes(total);
  return shrink;
}

HWY_INLINE void scale_row(float* row, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; i += kLanes) store(hn::Mul(load(row + i), set(factor)), row + i);
}

template<class T>
class ForwardTask {
 public:
  ForwardTask(const AttentionArgs& args, std::int64_t task, Scratch& memory)
      : args_(args),
        n_(args.qkv, args.options),
        padded_(round_up(n_.D, kTile)),
        b_(task % (n_.B * n_.H) / n_.H),
        h_(task % n_.H),
        t0_(task / (n_.B * n_.H) * kQueriesPerTask),
        n_rows_(std::min(kQueriesPerTask, n_.T - t0_)),
        stride_(3 * n_.C),
        scratch_(memory, n_.D, padded_) {}

  HWY_INLINE void run() {
    pack_rows(args_.qkv.data<T>() + n_.query(b_, h_, t0_), stride_, n_rows_, n_.D,
              Result{scratch_.q, n_.D});
    std::fill_n(scratch_.sum, n_rows_ * padded_, 0.0F);
    std::fill_n(scratch_.maximum, n_rows_, kLowest);
    std::fill_n(scratch_.denominator, n_rows_, 0.0F);
    const std::int64_t n_seen = t0_ + n_rows_;  // by the last query
    for (std::int64_t first_key = 0; first_key < n_seen; first_key += kBlock) {
      pack_keys(first_key, std::min(kBlock, n_seen - first_key));
      // Earlier queries do not see the block.
      for (std::int64_t row = std::max<std::int64_t>(0, first_key - t0_); row < n_rows_;
           row += kGroup) {
        attend_group(first_key, row, std::min<std::int64_t>(kGroup, n_rows_ - row));
      }
    }
    finish();
  }

 private:
  /// How many keys of the block row `row` sees: one at least.
  HWY_INLINE std::int64_t seen_keys(std::int64_t first_key, std::int64_t row) const {
    return std::min(t0_ + row + 1 - first_key, kBlock);
  }

  HWY_INLINE void pack_keys(std::int64_t first_key, std::int64_t n_keys) {
    const T* k = args_.qkv.data<T>() + n_.query(b_, h_, first_key) + n_.C;
    if constexpr (std::is_same_v<T, float>) {
      transpose_rows({k, stride_}, n_keys, n_.D, scratch_.k_transposed);
    } else {
      pack_rows(k, stride_, n_keys, n_.D, Result{scratch_.rows, n_.D});
      transpose_rows({scratch_.rows, n_.D}, n_keys, n_.D, scratch_.k_transposed);
    }
    pack_rows(k + n_.C, stride_, n_keys, n_.D, Result{scratch_.v, padded_});
  }

  HWY_INLINE void attend_group(std::int64_t first_key, std::int64_t row, std::int64_t n_rows) {
    const std::int64_t most_seen = seen_keys(first_key, row + n_rows - 1);
    const Result weights{scratch_.weights, kBlock};
    multiply<false>(n_rows, Left{scratch_.q + row * n_.D, n_.D, 1}, {scratch_.k_transposed, kBlock},
                    weights, round_up(most_seen, kTile), {0, n_.D});
    for (std::int64_t r = 0; r < n_rows; ++r) weigh(first_key, row + r, weights.from_row(r).p);

    const Left left{scratch_.weights, kBlock, 1};
    const Right v{scratch_.v, padded_};
    const Result sum{scratch_.sum + row * padded_, padded_};
    // Keys that every row of the group sees, then what each row sees beyond: a value that a row
    // does not see is not even multiplied by 0.
    const std::int64_t shared = seen_keys(first_key, row);
    multiply<true>(n_rows, left, v, sum, padded_, {0, shared});
    for (std::int64_t r = 1; r < n_rows; ++r) {
      const std::int64_t seen = seen_keys(first_key, row + r);
      if (seen == shared) continue;
      multiply_rows<1, true>(left.from_row(r), v, sum.from_row(r), padded_, {shared, seen});
    }
  }

  HWY_INLINE void weigh(std::int64_t first_key, std::int64_t row, float* products) {
    const std::int64_t n_keys = seen_keys(first_key, row);
    const AttentionOptions& options = args_.options;
    const RowMask mask(options.key, options.dropout, n_.mask(b_, h_, t0_ + row));
    const auto cap = static_cast<float>(options.soft_cap);
    float& maximum = scratch_.maximum[row];
    float& denominator = scratch_.denominator[row];
    const float shrink = options.dropout > 0
                             ? weigh_row<true>(products, n_keys, n_.scale, cap, mask, first_key,
                                               maximum, denominator)
                             : weigh_row<false>(products, n_keys, n_.scale, cap, mask, first_key,
                                                maximum, denominator);
    if (shrink != 1.0F) scale_row(scratch_.sum + row * padded_, padded_, shrink);
  }

  HWY_INLINE void finish() {
    const auto keep = static_cast<float>(1 - args_.options.dropout);
    for (std::int64_t row = 0; row < n_rows_; ++row) {
      scale_row(scratch_.sum + row * padded_, padded_, 1 / (scratch_.denominator[row] * keep));
      args_.lse.data<float>()[n_.lse(b_, h_, t0_ + row)] =
          scratch_.maximum[row] + std::log(scratch_.denominator[row]);
    }
    unpack_rows({scratch_.sum, padded_}, n_rows_, n_.D, args_.out.data<T>() + n_.out(b_, h_, t0_),
                n_.C);
  }

  const AttentionArgs& args_;
  AttentionLayout n_;
  std::int64_t padded_;  // D rounded up to whole tiles
  std::int64_t b_;
  std::int64_t h_;
  std::int64_t t0_;      // first query
  std::int64_t n_rows_;  // queries
  std::int64_t stride_;  // from row to row of qkv
  ForwardScratch scratch_;
};

void forward_task(const AttentionArgs& args, std::int64_t task, Scratch& memory) {
  visit_native(args.dtype(), [&](auto* type) ALPHA_VECTOR_CODE {
    ForwardTask<std::remove_pointer_t<decltype(type)>>(args, task, memory).run();
  });
}

}  // namespace
}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

HWY_EXPORT(forward_task);

void attention(CpuBackend& backend, const AttentionArgs& args) {
  const AttentionLayout n(args.qkv, args.options);
  if (n.B * n.T * n.D == 0) return;
  const std::int64_t n_blocks = (n.T + kQueriesPerTask - 1) / kQueriesPerTask;
  // The pool starts with the highest task: the last queries, which see the most keys.
  backend.pool().run(n_blocks * n.B * n.H, [&](std::int64_t task) {
    thread_local Scratch memory;
    HWY_DYNAMIC_DISPATCH(forward_task)(args, task, memory);
  });
}

}  // namespace alpha::cpu

#endif
