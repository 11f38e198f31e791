// What attention's forward and backward share: packing of rows, small products, scores, dropout.
// Include within a file that uses foreach_target.h.
//
// The products keep one accumulator per element and add over k in order. So an element's bits do
// not depend on how many rows are computed together, nor on where the sum over k is interrupted.
#include "alpha/core/rng.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/tensor/ops/attention.h"

#if defined(ALPHA_CPU_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ALPHA_CPU_KERNELS_ATTENTION_INL_H_
#undef ALPHA_CPU_KERNELS_ATTENTION_INL_H_
#else
#define ALPHA_CPU_KERNELS_ATTENTION_INL_H_
#endif

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

/// Keys per block, at positions that are multiples of it; also queries per block.
inline constexpr std::int64_t kBlock = 64;
inline constexpr auto kLanes = static_cast<std::int64_t>(hn::MaxLanes(F32()));
/// Columns that a product computes at once: its results' rows are padded to a multiple.
inline constexpr std::int64_t kTile = 2 * kLanes;
/// Rows that a product computes at once: with kTile columns they fill the registers.
inline constexpr int kGroup = HWY_TARGET <= HWY_AVX3 ? 8 : 4;

HWY_INLINE std::int64_t round_up(std::int64_t n, std::int64_t step) {
  return (n + step - 1) / step * step;
}

/// A matrix whose element (row, k) stands at p[row * row_stride + k * k_stride].
struct Left {
  const float* p = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t k_stride = 1;

  Left from_row(std::int64_t row) const { return {p + row * row_stride, row_stride, k_stride}; }
};

/// A row-major matrix.
struct Right {
  const float* p = nullptr;
  std::int64_t stride = 0;
};

struct Result {
  float* p = nullptr;
  std::int64_t stride = 0;

  Result from_row(std::int64_t row) const { return {p + row * stride, stride}; }
};

/// A part of the sum over k.
struct Range {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// c = (accumulate ? c : 0) + a · b over `range`, for kRows rows and n_cols columns, a multiple of
/// kTile.
template<int kRows, bool accumulate>
HWY_INLINE void multiply_rows(Left a, Right b, Result c, std::int64_t n_cols, Range range) {
  const F32 d;
  for (std::int64_t col = 0; col < n_cols; col += kTile) {
    V32 sum0[kRows];
    V32 sum1[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float* row = c.p + r * c.stride + col;
      sum0[r] = accumulate ? hn::LoadU(d, row) : hn::Zero(d);
      sum1[r] = accumulate ? hn::LoadU(d, row + kLanes) : hn::Zero(d);
    }
    for (std::int64_t k = range.begin; k < range.end; ++k) {
      const float* b_row = b.p + k * b.stride + col;
      const V32 b0 = hn::LoadU(d, b_row);
      const V32 b1 = hn::LoadU(d, b_row + kLanes);
      const float* a_column = a.p + k * a.k_stride;
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const V32 a_element = hn::Set(d, a_column[r * a.row_stride]);
        sum0[r] = hn::MulAdd(a_element, b0, sum0[r]);
        sum1[r] = hn::MulAdd(a_element, b1, sum1[r]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      float* row = c.p + r * c.stride + col;
      hn::StoreU(sum0[r], d, row);
      hn::StoreU(sum1[r], d, row + kLanes);
    }
  }
}

/// The same for n_rows <= kGroup rows.
template<bool accumulate>
HWY_INLINE void multiply(std::int64_t n_rows, Left a, Right b, Result c, std::int64_t n_cols,
                         Range range) {
  if (n_rows == kGroup) return multiply_rows<kGroup, accumulate>(a, b, c, n_cols, range);
  std::int64_t row = 0;
  if constexpr (kGroup > 4) {
    if (row + 4 <= n_rows) {
      multiply_rows<4, accumulate>(a, b, c, n_cols, range);
      row = 4;
    }
  }
  for (; row < n_rows; ++row) {
    multiply_rows<1, accumulate>(a.from_row(row), b, c.from_row(row), n_cols, range);
  }
}

/// Rows of D elements as f32, padded with zeros to `to.stride`.
template<class T>
HWY_INLINE void pack_rows(const T* from, std::int64_t from_stride, std::int64_t n_rows,
                          std::int64_t D, Result to) {
  for (std::int64_t r = 0; r < n_rows; ++r) {
    const T* source = from + r * from_stride;
    float* target = to.p + r * to.stride;
    for_each_vector(D, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      store(load(source + i, lanes), target + i, lanes);
    });
    for (std::int64_t i = D; i < to.stride; ++i) target[i] = 0;
  }
}

/// The reverse.
template<class T>
HWY_INLINE void unpack_rows(Right from, std::int64_t n_rows, std::int64_t D, T* to,
                            std::int64_t to_stride) {
  for (std::int64_t r = 0; r < n_rows; ++r) {
    const float* source = from.p + r * from.stride;
    T* target = to + r * to_stride;
    for_each_vector(D, [&](std::int64_t i, auto lanes) ALPHA_VECTOR_CODE {
      store(load(source + i, lanes), target + i, lanes);
    });
  }
}

#if HWY_TARGET != HWY_SCALAR

/// 4 x 4 elements.
HWY_INLINE void transpose_square(Right from, float* to) {
  const hn::FixedTag<float, 4> d4;
  const hn::FixedTag<double, 2> d2;
  const auto row0 = hn::LoadU(d4, from.p);
  const auto row1 = hn::LoadU(d4, from.p + from.stride);
  const auto row2 = hn::LoadU(d4, from.p + 2 * from.stride);
  const auto row3 = hn::LoadU(d4, from.p + 3 * from.stride);
  const auto low01 = hn::BitCast(d2, hn::InterleaveLower(d4, row0, row1));
  const auto low23 = hn::BitCast(d2, hn::InterleaveLower(d4, row2, row3));
  const auto high01 = hn::BitCast(d2, hn::InterleaveUpper(d4, row0, row1));
  const auto high23 = hn::BitCast(d2, hn::InterleaveUpper(d4, row2, row3));
  hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, low01, low23)), d4, to);
  hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, low01, low23)), d4, to + kBlock);
  hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, high01, high23)), d4, to + 2 * kBlock);
  hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, high01, high23)), d4, to + 3 * kBlock);
}

#else

HWY_INLINE void transpose_square(Right from, float* to) {
  for (std::int64_t r = 0; r < 4; ++r) {
    for (std::int64_t c = 0; c < 4; ++c) to[c * kBlock + r] = from.p[r * from.stride + c];
  }
}

#endif

/// n_rows <= kBlock rows of D elements to [D, kBlock]; columns that have no row are 0.
HWY_INLINE void transpose_rows(Right from, std::int64_t n_rows, std::int64_t D, float* to) {
  const std::int64_t whole_rows = n_rows / 4 * 4;
  const std::int64_t whole_columns = D / 4 * 4;
  for (std::int64_t r = 0; r < whole_rows; r += 4) {
    for (std::int64_t c = 0; c < whole_columns; c += 4) {
      transpose_square({from.p + r * from.stride + c, from.stride}, to + c * kBlock + r);
    }
  }
  for (std::int64_t c = 0; c < D; ++c) {
    float* target = to + c * kBlock;
    const std::int64_t done = c < whole_columns ? whole_rows : 0;
    for (std::int64_t r = done; r < n_rows; ++r) target[r] = from.p[r * from.stride + c];
    for (std::int64_t r = n_rows; r < kBlock; ++r) target[r] = 0;
  }
}

/// e^x for x <= 0, with 0 for what would come close to a denormal: on some CPUs making one takes a
/// hundred cycles, and beside a weight of 1 it is nothing. NaN stays.
HWY_INLINE V32 weight_exp(V32 x) {
  const V32 least = set(-87.0F);
  const V32 e = vexp(hn::Max(least, x));  // Max returns its second argument when one is NaN
  return hn::IfThenZeroElse(hn::Lt(x, least), e);
}

/// The dropout mask of one row of attention weights, vector by vector.
class RowMask {
 public:
  /// `first` is the mask's element for lane 0 of key 0.
  RowMask(DropoutKey key, double p, std::uint64_t first)
      : threshold_(DropoutKey::drop_threshold(p)),
        low_(static_cast<std::uint32_t>(first)),
        base_(static_cast<std::uint32_t>(key.seed) +
              (key.counter + static_cast<std::uint32_t>(first >> 32U) * kHigh) * kCounter) {}

  /// x where the key is kept, 0 where it is dropped, for keys s, s + 1, …
  HWY_INLINE V32 apply(V32 x, std::int64_t s) const {
    const U32 d;
    const auto low = hn::Add(hn::Iota(d, static_cast<std::uint32_t>(s)), hn::Set(d, low_));
    const auto is_carried = hn::Lt(low, hn::Set(d, low_));
    const auto carry = hn::IfThenElseZero(is_carried, hn::Set(d, kHigh * kCounter));
    auto h = hn::Add(hn::Add(hn::Set(d, base_), carry), hn::Mul(low, hn::Set(d, kLow)));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<16>(h)), hn::Set(d, 0x85ebca6bU));
    h = hn::Mul(hn::Xor(h, hn::ShiftRight<13>(h)), hn::Set(d, 0xc2b2ae35U));
    h = hn::Xor(h, hn::ShiftRight<16>(h));
    return hn::IfThenElseZero(hn::RebindMask(F32(), hn::Gt(h, hn::Set(d, threshold_))), x);
  }

 private:
  static constexpr std::uint32_t kHigh = 0x9e3779b9U;
  static constexpr std::uint32_t kCounter = 2654435761U;
  static constexpr std::uint32_t kLow = 2246822519U;

  std::uint32_t threshold_;
  std::uint32_t low_;
  std::uint32_t base_;
};

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif
