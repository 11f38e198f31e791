// Products of a few rows with panels of packed weights. Include within a file that uses
// foreach_target.h.
//
// Each element of the result is one sum over the inputs in their order, whatever the number of
// rows and panels computed together: its bits depend on its row and its weights alone.
#include <type_traits>

#include "alpha/cpu/kernels/integer_rows.h"
#include "alpha/cpu/kernels/simd-inl.h"
#include "alpha/tensor/ops/packed.h"

#if defined(ALPHA_CPU_KERNELS_PACKED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ALPHA_CPU_KERNELS_PACKED_INL_H_
#undef ALPHA_CPU_KERNELS_PACKED_INL_H_
#else
#define ALPHA_CPU_KERNELS_PACKED_INL_H_
#endif

HWY_BEFORE_NAMESPACE();

namespace alpha::cpu::HWY_NAMESPACE {

using I32 = hn::RebindToSigned<F32>;
using VI32 = hn::Vec<I32>;

inline constexpr auto kLanes = static_cast<int>(hn::MaxLanes(F32()));
inline constexpr int kVectors = static_cast<int>(kPanel) / kLanes;  // in a panel
inline constexpr bool kIsWide = HWY_TARGET <= HWY_AVX3;             // 32 registers of 512 bits
/// Rows and panels that fill the registers with sums.
inline constexpr int kMaxRows = kIsWide ? 6 : HWY_TARGET == HWY_SCALAR ? 1 : 3;
inline constexpr int kMaxPanels = kIsWide ? 4 : HWY_TARGET == HWY_SCALAR ? 1 : 2;

HWY_INLINE std::int32_t as_word(const std::int8_t* four) {
  std::int32_t word;
  std::memcpy(&word, four, sizeof(word));
  return word;
}

/// Four products of bytes per lane, added to `sum`: weights without sign, x with sign.
#if HWY_TARGET == HWY_AVX3_DL

struct WeightBytes {
  VI32 bytes;
};

using XBytes = WeightBytes;

HWY_INLINE WeightBytes weight_bytes(VI32 bytes) {
  return {bytes};
}

HWY_INLINE XBytes x_bytes(const std::int8_t* four) {
  return {hn::Set(I32(), as_word(four))};
}

HWY_INLINE void add_dot(VI32& sum, WeightBytes weights, XBytes x) {
  // Not an intrinsic: GCC refuses those here, because Highway 1.0 leaves VNNI out of the options
  // that it compiles this target with, although it asks the CPU for it.
  asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(weights.bytes.raw), "v"(x.bytes.raw));
}

#elif HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2

// As 16-bit numbers: bytes 0 and 2, bytes 1 and 3.
struct WeightBytes {
  VI32 even;
  VI32 odd;
};

using XBytes = WeightBytes;

HWY_INLINE WeightBytes weight_bytes(VI32 bytes) {
  const I32 d;
  const hn::Repartition<std::uint16_t, I32> d16;
  const auto low = hn::Set(d, 0x00ff00ff);
  return {hn::And(bytes, low), hn::BitCast(d, hn::ShiftRight<8>(hn::BitCast(d16, bytes)))};
}

HWY_INLINE XBytes x_bytes(const std::int8_t* four) {
  const I32 d;
  const hn::Repartition<std::int16_t, I32> d16;
  const auto bytes = hn::BitCast(d16, hn::Set(d, as_word(four)));
  return {hn::BitCast(d, hn::ShiftRight<8>(hn::ShiftLeft<8>(bytes))),
          hn::BitCast(d, hn::ShiftRight<8>(bytes))};
}

HWY_INLINE void add_dot(VI32& sum, WeightBytes weights, XBytes x) {
#if HWY_TARGET == HWY_AVX3
  const VI32 even{_mm512_madd_epi16(weights.even.raw, x.even.raw)};
  const VI32 odd{_mm512_madd_epi16(weights.odd.raw, x.odd.raw)};
#else
  const VI32 even{_mm256_madd_epi16(weights.even.raw, x.even.raw)};
  const VI32 odd{_mm256_madd_epi16(weights.odd.raw, x.odd.raw)};
#endif
  sum = hn::Add(sum, hn::Add(even, odd));
}

#else

struct WeightBytes {
  std::uint32_t bytes;
};

struct XBytes {
  std::uint32_t bytes;
};

HWY_INLINE WeightBytes weight_bytes(VI32 bytes) {
  return {static_cast<std::uint32_t>(hn::GetLane(bytes))};
}

HWY_INLINE XBytes x_bytes(const std::int8_t* four) {
  return {static_cast<std::uint32_t>(as_word(four))};
}

HWY_INLINE void add_dot(VI32& sum, WeightBytes weights, XBytes x) {
  std::int32_t dot = 0;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    dot += static_cast<std::int32_t>(weights.bytes >> shift & 0xffU) *
           static_cast<std::int8_t>(x.bytes >> shift & 0xffU);
  }
  sum = hn::Add(sum, hn::Set(I32(), dot));
}

#endif

/// The left side of a product with floats.
struct FloatRows {
  const float* x = nullptr;  // [M, K]
  std::int64_t row_stride = 0;

  FloatRows from_row(std::int64_t row) const { return {x + row * row_stride, row_stride}; }
};

/// Panels with integers, one behind the other.
struct IntegerPanels {
  const std::int32_t* values = nullptr;
  const BF16* scales = nullptr;
  std::int64_t value_stride = 0;  // elements from panel to panel
  std::int64_t scale_stride = 0;
  std::int64_t block = 0;   // inputs, a multiple of 8
  std::int32_t offset = 0;  // of the integers
};

template<class T>
struct FloatPanels {
  const T* values = nullptr;
  std::int64_t value_stride = 0;
  std::int64_t K = 0;
};

/// R rows of P panels.
template<int R, int P>
struct Sums {
  static constexpr int kColumns = P * kVectors;
  V32 at[R][kColumns];
};

/// `is_halves`: the values are 4-bit halves, else bytes.
template<int R, int P, bool is_halves>
HWY_INLINE void multiply_block(const IntegerPanels& w, const IntegerRows& x, std::int64_t block,
                               VI32 (&sum)[R][P * kVectors]) {
  const I32 d;
  constexpr int kInputs = is_halves ? 8 : 4;  // in an element
  const std::int64_t n = w.block / kInputs;
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    const VI32 correction = hn::Set(d, -w.offset * x.sums[r * x.n_blocks + block]);
#pragma GCC unroll 8
    for (int c = 0; c < P * kVectors; ++c) sum[r][c] = correction;
  }
  const std::int32_t* values = w.values + block * n * kPanel;
  const std::int8_t* x_block = x.bytes + block * w.block;
  for (std::int64_t i = 0; i < n; ++i) {
    VI32 words[P * kVectors];
#pragma GCC unroll 8
    for (int c = 0; c < P * kVectors; ++c) {
      words[c] =
          hn::LoadU(d, values + c / kVectors * w.value_stride + i * kPanel + c % kVectors * kLanes);
    }
#pragma GCC unroll 2
    for (int half = 0; half < kInputs / 4; ++half) {
      WeightBytes weights[P * kVectors];
#pragma GCC unroll 8
      for (int c = 0; c < P * kVectors; ++c) {
        const auto low = hn::Set(d, 0x0f0f0f0f);
        weights[c] = weight_bytes(!is_halves  ? words[c]
                                  : half == 0 ? hn::And(words[c], low)
                                              : hn::And(hn::ShiftRight<4>(words[c]), low));
      }
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const XBytes four = x_bytes(x_block + r * x.row_size + i * kInputs + half * 4);
#pragma GCC unroll 8
        for (int c = 0; c < P * kVectors; ++c) add_dot(sum[r][c], weights[c], four);
      }
    }
  }
}

template<int R, int P, bool is_halves>
HWY_INLINE void multiply(const IntegerPanels& w, const IntegerRows& x, Sums<R, P>& total) {
  const F32 d;
  for (std::int64_t block = 0; block < x.n_blocks; ++block) {
    VI32 sum[R][P * kVectors];
    multiply_block<R, P, is_halves>(w, x, block, sum);
#pragma GCC unroll 8
    for (int c = 0; c < P * kVectors; ++c) {
      const V32 scale =
          load(w.scales + c / kVectors * w.scale_stride + block * kPanel + c % kVectors * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const V32 both = hn::Mul(scale, hn::Set(d, x.scales[r * x.n_blocks + block]));
        const V32 before = block == 0 ? hn::Zero(d) : total.at[r][c];
        total.at[r][c] = hn::MulAdd(hn::ConvertTo(d, sum[r][c]), both, before);
      }
    }
  }
}

template<int R, int P, class T>
HWY_INLINE void multiply(const FloatPanels<T>& w, const FloatRows& x, Sums<R, P>& total) {
  const F32 d;
  V32 sum[R][P * kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < P * kVectors; ++c) sum[r][c] = hn::Zero(d);
  }
  for (std::int64_t k = 0; k < w.K; ++k) {
    V32 weights[P * kVectors];
#pragma GCC unroll 8
    for (int c = 0; c < P * kVectors; ++c) {
      weights[c] =
          load(w.values + c / kVectors * w.value_stride + k * kPanel + c % kVectors * kLanes);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const V32 element = hn::Set(d, x.x[r * x.row_stride + k]);
#pragma GCC unroll 8
      for (int c = 0; c < P * kVectors; ++c) {
        sum[r][c] = hn::MulAdd(element, weights[c], sum[r][c]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < P * kVectors; ++c) total.at[r][c] = sum[r][c];
  }
}

HWY_INLINE V32 activate(Activation activation, V32 x) {
  switch (activation) {
    case Activation::gelu: return gelu_of(x);
    case Activation::relu: return relu_of(x);
    case Activation::silu: return silu_of(x);
    case Activation::none: break;
  }
  return x;
}

/// What happens to the sums of rows `row` … and outputs `n` … before they are stored.
template<int R, int P>
HWY_INLINE void finish(const PackedLinearArgs& args, std::int64_t row, std::int64_t n,
                       const Sums<R, P>& total) {
  const std::int64_t N = args.weight.N;
  const float* bias = args.bias.is_defined() ? args.bias.data<float>() : nullptr;
  const float* residual = args.residual.is_defined() ? args.residual.data<float>() : nullptr;
  float* out = args.out.data<float>();
  for (int c = 0; c < P * kVectors; ++c) {
    const std::int64_t first = n + c * kLanes;
    const auto store_column = [&](auto lanes) ALPHA_VECTOR_CODE {
      for (int r = 0; r < R; ++r) {
        const std::int64_t at = (row + r) * N + first;
        V32 value = total.at[r][c];
        if (bias != nullptr) value = hn::Add(value, load(bias + first, lanes));
        value = activate(args.activation, value);
        if (residual != nullptr) value = hn::Add(value, load(residual + at, lanes));
        store(value, out + at, lanes);
      }
    };
    if (first + kLanes <= N) {
      store_column(AllLanes{});
    } else if (first < N) {
      store_column(FirstLanes{static_cast<std::size_t>(N - first)});
    }
  }
}

}  // namespace alpha::cpu::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif
