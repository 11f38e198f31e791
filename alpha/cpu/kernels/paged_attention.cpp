#include "alpha/tensor/ops/paged_attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/paged_attention_task.h"
#include "alpha/cpu/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/paged_attention.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/simd-inl.h"

// Every score is one sum over the head's elements in their order, every result one sum over the
// positions in their order, and a row's softmax is its own: how many rows and blocks are computed
// together changes no bit.

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
constexpr auto kBlockVectors = static_cast<int>(kKvBlock / kLanes);  // of scores in a block
constexpr bool kIsWide = HWY_TARGET <= HWY_AVX3;                     // 32 registers
constexpr int kMaxRows = kIsWide ? 8 : 4;                            // queries computed together
constexpr int kMaxColumns = kIsWide ? 2 : 1;  // vectors of a value computed together
constexpr int kBlocksOfOneRow = kIsWide ? 4 : HWY_TARGET == HWY_SCALAR ? 1 : 2;

/// One head of some rows of one sequence.
class HeadTask {
 public:
  HeadTask(const PagedAttentionArgs& args, const PagedTask& task, Scratch& memory)
      : args_(args),
        C_(args.qkv.shape()[1] / 3),
        D_(C_ / args.n_heads),
        padded_((D_ + 15) / 16 * 16),
        scale_(static_cast<float>(1 / std::sqrt(static_cast<double>(D_)))),
        task_(task),
        first_position_(args.rows.positions.data<std::int32_t>()[task.begin]),
        table_(args.rows.tables.data<std::int32_t>() +
               args.rows.sequences.data<std::int32_t>()[task.begin] * args.rows.tables.shape()[1]),
        block_stride_(args.rows.kv.numel() / std::max<std::int64_t>(1, args.rows.kv.shape()[0])),
        kv_(args.rows.kv.data<float>() +
            (args.layer * args.n_heads + task.head) * args.rows.kv.shape()[3]) {
    const std::int64_t n_seen = first_position_ + task.end - task.begin;
    score_stride_ = (n_seen + kBlocksOfOneRow * kKvBlock - 1) / (kBlocksOfOneRow * kKvBlock) *
                    (kBlocksOfOneRow * kKvBlock);
    scores_ = memory.floats(static_cast<std::size_t>(kMaxRows * (score_stride_ + padded_)));
    sums_ = scores_ + kMaxRows * score_stride_;
  }

  HWY_INLINE void run() {
    for (std::int64_t row = task_.begin; row < task_.end; ++row) store_key_and_value(row);
    std::int64_t row = task_.begin;
    for (; row + kMaxRows <= task_.end; row += kMaxRows) attend<kMaxRows>(row);
    for (; row < task_.end; ++row) attend<1>(row);
  }

 private:
  std::int64_t position(std::int64_t row) const { return first_position_ + row - task_.begin; }

  float* block(std::int64_t index) const { return kv_ + table_[index] * block_stride_; }

  const float* query(std::int64_t row) const {
    return args_.qkv.data<float>() + row * 3 * C_ + task_.head * D_;
  }

  HWY_INLINE void store_key_and_value(std::int64_t row) const {
    const std::int64_t p = position(row);
    float* key = block(p / kKvBlock) + p % kKvBlock;
    float* value = block(p / kKvBlock) + D_ * kKvBlock + p % kKvBlock * padded_;
    const float* from = query(row) + C_;
    for (std::int64_t d = 0; d < D_; ++d) key[d * kKvBlock] = from[d];
    for (std::int64_t d = 0; d < D_; ++d) value[d] = from[C_ + d];
    for (std::int64_t d = D_; d < padded_; ++d) value[d] = 0;
  }

  /// Rows [row, row + R).
  template<int R>
  HWY_INLINE void attend(std::int64_t row) {
    const std::int64_t n_blocks = (position(row) + R - 1) / kKvBlock + 1;
    constexpr int kBlocks = R == 1 ? kBlocksOfOneRow : 1;
    std::int64_t b = 0;
    for (; b + kBlocks <= n_blocks; b += kBlocks) compute_scores<R, kBlocks>(row, b);
    for (; b < n_blocks; ++b) compute_scores<R, 1>(row, b);
    float inverse[R];
    for (int r = 0; r < R; ++r) inverse[r] = weigh(scores_ + r * score_stride_, position(row + r));
    mix<R>(row);
    for (int r = 0; r < R; ++r) {
      float* out = args_.out.data<float>() + (row + r) * C_ + task_.head * D_;
      const float* sum = sums_ + r * padded_;
      for_each_vector(D_, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
        store(hn::Mul(load(sum + i), set(inverse[r])), out + i, lanes);
      });
    }
  }

  /// q · k of R queries with the keys of B blocks.
  template<int R, int B>
  HWY_INLINE void compute_scores(std::int64_t row, std::int64_t first_block) const {
    const F32 d;
    constexpr int kColumns = B * kBlockVectors;
    const float* keys[B];
    for (int b = 0; b < B; ++b) keys[b] = block(first_block + b);
    V32 sum[R][kColumns];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < kColumns; ++c) sum[r][c] = hn::Zero(d);
    }
    const float* q = query(row);
    for (std::int64_t i = 0; i < D_; ++i) {
      V32 key[kColumns];
#pragma GCC unroll 4
      for (int c = 0; c < kColumns; ++c) {
        key[c] = hn::LoadU(d, keys[c / kBlockVectors] + i * kKvBlock + c % kBlockVectors * kLanes);
      }
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V32 element = hn::Set(d, q[r * 3 * C_ + i]);
#pragma GCC unroll 4
        for (int c = 0; c < kColumns; ++c) sum[r][c] = hn::MulAdd(element, key[c], sum[r][c]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < kColumns; ++c) {
        store(sum[r][c], scores_ + r * score_stride_ + first_block * kKvBlock + c * kLanes);
      }
    }
  }

  /// Products q · k of positions 0 … last to e^(score - largest); returns 1 / their sum. What
  /// stands behind `last` in the row is never read.
  HWY_INLINE float weigh(float* row, std::int64_t last) const {
    const auto cap = static_cast<float>(args_.soft_cap);
    const V32 least = set(-__builtin_inff());
    V32 most = least;
    for_each_vector(last + 1, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      V32 score = hn::Mul(load(row + i), set(scale_));
      if (cap > 0) score = hn::Mul(set(cap), vtanh(hn::Div(score, set(cap))));
      store(score, row + i);
      most = hn::Max(most, present_or(score, least, lanes));
    });
    const V32 largest = set(max_of_lanes(most));
    V32 total = set(0);
    for_each_vector(last + 1, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 weight = vexp(hn::Sub(load(row + i), largest));
      store(weight, row + i);
      total = hn::Add(total, present(weight, lanes));
    });
    return 1 / sum_of_lanes(total);
  }

  /// sums = Σ weight[s] · value[s] over the positions that each row sees.
  template<int R>
  HWY_INLINE void mix(std::int64_t row) const {
    constexpr int kColumns = R == 1 ? 2 * kMaxColumns : kMaxColumns;
    const std::int64_t shared = position(row) + 1;  // seen by every row
    std::int64_t column = 0;
    for (; column + kColumns * kLanes <= padded_; column += kColumns * kLanes) {
      mix_columns<R, kColumns>(column, shared);
    }
    for (; column < padded_; column += kLanes) mix_columns<R, 1>(column, shared);
  }

  template<int R, int kColumns>
  HWY_INLINE void mix_columns(std::int64_t column, std::int64_t shared) const {
    const F32 d;
    V32 sum[R][kColumns];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < kColumns; ++c) sum[r][c] = hn::Zero(d);
    }
    for (std::int64_t first = 0; first < shared; first += kKvBlock) {
      const float* values = block(first / kKvBlock) + D_ * kKvBlock + column;
      const std::int64_t n = std::min(kKvBlock, shared - first);
      for (std::int64_t s = 0; s < n; ++s, values += padded_) {
        V32 value[kColumns];
#pragma GCC unroll 4
        for (int c = 0; c < kColumns; ++c) value[c] = hn::LoadU(d, values + c * kLanes);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          const V32 weight = hn::Set(d, scores_[r * score_stride_ + first + s]);
#pragma GCC unroll 4
          for (int c = 0; c < kColumns; ++c) sum[r][c] = hn::MulAdd(weight, value[c], sum[r][c]);
        }
      }
    }
    // Row r sees r positions more. A value that a row does not see is not even multiplied by 0.
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      for (std::int64_t s = shared; s < shared + r; ++s) {
        const float* value = block(s / kKvBlock) + D_ * kKvBlock + s % kKvBlock * padded_ + column;
        const V32 weight = hn::Set(d, scores_[r * score_stride_ + s]);
#pragma GCC unroll 4
        for (int c = 0; c < kColumns; ++c) {
          sum[r][c] = hn::MulAdd(weight, hn::LoadU(d, value + c * kLanes), sum[r][c]);
        }
      }
#pragma GCC unroll 4
      for (int c = 0; c < kColumns; ++c)
        store(sum[r][c], sums_ + r * padded_ + column + c * kLanes);
    }
  }

  const PagedAttentionArgs& args_;
  std::int64_t C_;
  std::int64_t D_;
  std::int64_t padded_;  // D rounded up to 16
  float scale_;
  PagedTask task_;
  std::int64_t first_position_;
  const std::int32_t* table_;
  std::int64_t block_stride_;
  float* kv_;  // this layer and head in block 0
  std::int64_t score_stride_ = 0;
  float* scores_ = nullptr;  // [kMaxRows, score_stride_]
  float* sums_ = nullptr;    // [kMaxRows, padded_]
};

void attend(const PagedAttentionArgs& args, const PagedTask& task, Scratch& memory) {
  HeadTask(args, task, memory).run();
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

HWY_EXPORT(attend);

void paged_attention(CpuBackend& backend, const PagedAttentionArgs& args) {
  const std::int64_t R = args.qkv.shape()[0];
  const std::int32_t* sequences = args.rows.sequences.data<std::int32_t>();
  // A task is one head of a run of rows with the same sequence.
  thread_local std::vector<std::int64_t> begins;
  begins.clear();
  for (std::int64_t row = 0; row < R; ++row) {
    if (row == 0 || sequences[row] != sequences[row - 1]) begins.push_back(row);
  }
  const auto n_runs = static_cast<std::int64_t>(begins.size());
  begins.push_back(R);
  const std::vector<std::int64_t>& starts = begins;
  backend.pool().run(n_runs * args.n_heads, [&](std::int64_t i) {
    thread_local Scratch memory;
    const auto run = static_cast<std::size_t>(i / args.n_heads);
    const PagedTask task{.begin = starts[run], .end = starts[run + 1], .head = i % args.n_heads};
    HWY_DYNAMIC_DISPATCH(attend)(args, task, memory);
  });
}

}  // namespace alpha::cpu

#endif
