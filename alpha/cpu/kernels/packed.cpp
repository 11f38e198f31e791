#include "alpha/tensor/ops/packed.h"

#include <algorithm>
#include <limits>

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu/scratch.h"

// Here the instructions for int8 pay that came after the first AVX-512 (VNNI).
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#define HWY_WANT_AVX3_DL

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "alpha/cpu/kernels/packed.cpp"
#include <hwy/foreach_target.h>

#include "alpha/cpu/kernels/packed-inl.h"

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

namespace {

/// Rounds one row of K inputs to int8, block by block; the last block is filled up with zeros.
void round_row(const float* x, std::int64_t K, std::int64_t block, const IntegerRows& to) {
  std::int8_t* bytes = to.bytes;
  float* scales = to.scales;
  std::int32_t* sums = to.sums;
  const I32 di;
  const hn::Rebind<std::int8_t, I32> d8;
  for (std::int64_t begin = 0; begin < K; begin += block, ++scales, ++sums) {
    const std::int64_t n = std::min(block, K - begin);
    V32 most = set(0);
    V32 probe = set(0);  // becomes NaN with a number that is not finite; a maximum may lose it
    for_each_vector(n, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      const V32 value = load(x + begin + i, lanes);
      most = hn::Max(most, hn::Abs(value));
      probe = hn::MulAdd(value, set(0), probe);
    });
    const bool is_finite = sum_of_lanes(probe) == 0;
    const float largest = is_finite ? max_of_lanes(most) : 0;
    const bool is_zero = largest < kLeastMagnitude;
    const V32 inverse = set(is_zero ? 0 : 127 / largest);
    VI32 sum = hn::Zero(di);
    std::int64_t i = 0;
    for (; i < block; i += kLanes) {
      V32 value = set(0);
      if (!is_zero && i + kLanes <= n) {
        value = load(x + begin + i);
      } else if (!is_zero && i < n) {
        value = load(x + begin + i, FirstLanes{static_cast<std::size_t>(n - i)});
      }
      const VI32 q = hn::NearestInt(hn::Mul(value, inverse));
      sum = hn::Add(sum, q);
      hn::StoreU(hn::DemoteTo(d8, q), d8, bytes + begin + i);
    }
    *scales = is_finite ? largest / 127 : std::numeric_limits<float>::quiet_NaN();
    *sums = hn::GetLane(hn::SumOfLanes(di, sum));
  }
}

/// 4-bit halves to bytes: n elements to 2 n.
HWY_INLINE void unpack_halves(const std::int32_t* from, std::int64_t n, std::int32_t* to) {
  const I32 d;
  const auto low = hn::Set(d, 0x0f0f0f0f);
  for (std::int64_t i = 0; i < n; i += kPanel) {
    for (std::int64_t lane = 0; lane < kPanel; lane += kLanes) {
      const VI32 words = hn::LoadU(d, from + i + lane);
      hn::StoreU(hn::And(words, low), d, to + 2 * i + lane);
      hn::StoreU(hn::And(hn::ShiftRight<4>(words), low), d, to + 2 * i + kPanel + lane);
    }
  }
}

/// Panels [first, first + P) for all rows.
template<int P>
class PanelGroup {
 public:
  PanelGroup(const PackedLinearArgs& args, std::int64_t first, std::int64_t n_rows)
      : args_(args),
        first_(first),
        n_rows_(n_rows) {}

  HWY_INLINE void multiply_floats(const FloatRows& x, Scratch& scratch) const {
    const std::int64_t stride = args_.weight.K * kPanel;
    if (args_.weight.format == WeightFormat::f32) {
      const float* values = args_.weight.values.data<float>() + first_ * stride;
      return for_rows<false>(FloatPanels<float>{values, stride, args_.weight.K}, x);
    }
    const BF16* values = args_.weight.values.data<BF16>() + first_ * stride;
    if (n_rows_ <= kFewRows) {
      return for_rows<false>(FloatPanels<BF16>{values, stride, args_.weight.K}, x);
    }
    float* wide = scratch.floats(static_cast<std::size_t>(P * stride));
    for (std::int64_t i = 0; i < P * stride; i += kLanes) store(load(values + i), wide + i);
    for_rows<false>(FloatPanels<float>{wide, stride, args_.weight.K}, x);
  }

  HWY_INLINE void multiply_integers(const IntegerRows& x, Scratch& scratch) const {
    const Tensor& values = args_.weight.values;
    const Tensor& scales = args_.weight.scales;
    IntegerPanels w{.value_stride = values.shape()[1] * kPanel,
                    .scale_stride = scales.shape()[1] * kPanel,
                    .block = args_.weight.block(),
                    .offset = integer_range(args_.weight.format).offset};
    w.values = values.data<std::int32_t>() + first_ * w.value_stride;
    w.scales = scales.data<BF16>() + first_ * w.scale_stride;
    if (args_.weight.format == WeightFormat::int8) return for_rows<false>(w, x);
    if (n_rows_ <= kFewRows) return for_rows<true>(w, x);
    const std::int64_t n = P * w.value_stride;
    auto* bytes = reinterpret_cast<std::int32_t*>(scratch.bytes(static_cast<std::size_t>(8 * n)));
    unpack_halves(w.values, n, bytes);
    w.values = bytes;
    w.value_stride *= 2;
    for_rows<false>(w, x);
  }

 private:
  /// For more rows, weights are converted once and kept, instead of for every kMaxRows rows.
  static constexpr std::int64_t kFewRows = 2 * kMaxRows;

  template<bool is_halves, class Panels, class Rows>
  HWY_INLINE void for_rows(const Panels& w, const Rows& x) const {
    // As even as possible: 8 rows are 4 + 4, not 6 + 2.
    const std::int64_t n_groups = (n_rows_ + kMaxRows - 1) / kMaxRows;
    for (std::int64_t group = 0; group < n_groups; ++group) {
      const std::int64_t row = n_rows_ * group / n_groups;
      const std::int64_t n = n_rows_ * (group + 1) / n_groups - row;
      switch (n) {
        case 1: run<1, is_halves>(w, x, row); break;
        case 2: run<std::min(2, kMaxRows), is_halves>(w, x, row); break;
        case 3: run<std::min(3, kMaxRows), is_halves>(w, x, row); break;
        case 4: run<std::min(4, kMaxRows), is_halves>(w, x, row); break;
        case 5: run<std::min(5, kMaxRows), is_halves>(w, x, row); break;
        default: run<kMaxRows, is_halves>(w, x, row); break;
      }
    }
  }

  template<int R, bool is_halves, class Panels, class Rows>
  HWY_INLINE void run(const Panels& w, const Rows& x, std::int64_t row) const {
    Sums<R, P> total;
    if constexpr (std::is_same_v<Rows, IntegerRows>) {
      multiply<R, P, is_halves>(w, x.from_row(row), total);
    } else {
      multiply<R, P>(w, x.from_row(row), total);
    }
    finish<R, P>(args_, row, first_ * kPanel, total);
  }

  const PackedLinearArgs& args_;
  std::int64_t first_;
  std::int64_t n_rows_;
};

template<int P>
HWY_INLINE void multiply_group(const PackedLinearArgs& args, std::int64_t first,
                               const IntegerRows& integers, Scratch& scratch) {
  const PanelGroup<P> group(args, first, args.x.shape()[0]);
  if (is_integer(args.weight.format)) {
    group.multiply_integers(integers, scratch);
  } else {
    group.multiply_floats({args.x.data<float>(), args.weight.K}, scratch);
  }
}

/// `integers` is used by integer formats only.
void multiply_panels(const PackedLinearArgs& args, std::int64_t begin, std::int64_t end,
                     const IntegerRows& integers, Scratch& scratch) {
  constexpr int kHalf = std::max(1, kMaxPanels / 2);
  for (; begin + kMaxPanels <= end; begin += kMaxPanels) {
    multiply_group<kMaxPanels>(args, begin, integers, scratch);
  }
  for (; begin + kHalf <= end; begin += kHalf)
    multiply_group<kHalf>(args, begin, integers, scratch);
  for (; begin < end; ++begin) multiply_group<1>(args, begin, integers, scratch);
}

}  // namespace

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace alpha::cpu {

namespace {

HWY_EXPORT(round_row);
HWY_EXPORT(multiply_panels);

constexpr std::int64_t kPanelsPerStep = 4;    // what a task computes together on the widest CPUs
constexpr std::int64_t kTaskBytes = 1 << 16;  // of weights: some microseconds from memory
constexpr std::int64_t kMinTasks = 6;
constexpr std::int64_t kMaxRowsAtOnce = 384;  // whose inputs stay in the second cache

/// The rows of x, rounded, in memory that lasts until this thread's next call.
IntegerRows round_rows(CpuBackend& backend, const Tensor& x, const PackedMatrix& weight) {
  thread_local Scratch scratch;
  const std::int64_t M = x.shape()[0];
  const std::int64_t block = weight.block();
  IntegerRows rows{.row_size = weight.n_blocks() * block, .n_blocks = weight.n_blocks()};
  const std::int64_t n_scales = M * rows.n_blocks;
  std::byte* memory = scratch.bytes(static_cast<std::size_t>(M * rows.row_size + 8 * n_scales));
  rows.scales = reinterpret_cast<float*>(memory);
  rows.sums = reinterpret_cast<std::int32_t*>(memory + 4 * n_scales);
  rows.bytes = reinterpret_cast<std::int8_t*>(memory + 8 * n_scales);
  const float* from = x.data<float>();
  backend.pool().run_chunks(M, row_grain(weight.K), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      HWY_DYNAMIC_DISPATCH(round_row)(from + row * weight.K, weight.K, block, rows.from_row(row));
    }
  });
  return rows;
}

/// At most kMaxRowsAtOnce rows.
void multiply_rows(CpuBackend& backend, const PackedLinearArgs& args) {
  const PackedMatrix& weight = args.weight;
  const IntegerRows integers =
      is_integer(weight.format) ? round_rows(backend, args.x, weight) : IntegerRows{};
  const std::int64_t n_panels = weight.n_panels();
  const auto size_bytes = static_cast<std::int64_t>(weight.size_bytes());
  const std::int64_t n_steps = (n_panels + kPanelsPerStep - 1) / kPanelsPerStep;
  std::int64_t n_tasks = std::clamp<std::int64_t>(size_bytes / kTaskBytes, 1, n_steps);
  // Small matrices: as even as can be, for two threads and for more.
  if (n_tasks < kMinTasks) n_tasks = std::min(kMinTasks, (n_panels + 1) / 2);
  backend.pool().run(n_tasks, [&](std::int64_t task) {
    thread_local Scratch scratch;
    HWY_DYNAMIC_DISPATCH(multiply_panels)
    (args, n_panels * task / n_tasks, n_panels * (task + 1) / n_tasks, integers, scratch);
  });
}

Tensor rows_of(const Tensor& matrix, std::int64_t begin, std::int64_t end) {
  if (!matrix.is_defined()) return matrix;
  const std::int64_t width = matrix.shape()[1];
  return matrix.flat(begin * width, end * width).reshape({end - begin, width});
}

}  // namespace

void pack(CpuBackend& backend, const PackArgs& args) {
  backend.pool().run(args.packed.n_panels(), [&](std::int64_t panel) {
    pack_panel(args.weight.data<float>(), args.packed, panel);
  });
}

void packed_linear(CpuBackend& backend, const PackedLinearArgs& args) {
  const std::int64_t M = args.x.shape()[0];
  for (std::int64_t begin = 0; begin < M; begin += kMaxRowsAtOnce) {
    const std::int64_t end = std::min(begin + kMaxRowsAtOnce, M);
    PackedLinearArgs part = args;
    part.x = rows_of(args.x, begin, end);
    part.residual = rows_of(args.residual, begin, end);
    part.out = rows_of(args.out, begin, end);
    multiply_rows(backend, part);
  }
}

void packed_embedding(CpuBackend& backend, const PackedEmbeddingArgs& args) {
  const std::int64_t K = args.weight.K;
  const std::int32_t* indices = args.indices.data<std::int32_t>();
  float* out = args.out.data<float>();
  backend.pool().run_chunks(args.indices.numel(), row_grain(16 * K),
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t i = begin; i < end; ++i) {
                                for (std::int64_t k = 0; k < K; ++k) {
                                  out[i * K + k] = packed_value(args.weight, indices[i], k);
                                }
                              }
                            });
}

}  // namespace alpha::cpu

#endif
