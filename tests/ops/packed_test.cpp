#include "alpha/tensor/ops/packed.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <memory>
#include <numeric>

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/layout.h"

namespace alpha::test {
namespace {

using enum WeightFormat;

constexpr std::array kFormats = {f32, bf16, int8, int4};

Tensor tensor(Backend& backend, const Shape& shape, const std::vector<float>& values) {
  return from_values(backend, shape, std::span<const float>(values));
}

PackedMatrix packed(Backend& backend, const Shape& shape, const std::vector<float>& weight,
                    WeightFormat format) {
  return pack(backend, tensor(backend, shape, weight), format);
}

/// Whole numbers in [-limit, limit]; the first of every 32 is `limit`, so that the scale of every
/// block is 1 and no format rounds.
std::vector<float> whole_numbers(std::int64_t n_rows, std::int64_t K, std::int32_t limit,
                                 std::int32_t seed) {
  SeededRng rng(seed);
  std::vector<float> values;
  for (std::int64_t i = 0; i < n_rows * K; ++i) {
    const double random = std::floor(rng.next() * (2 * limit + 1)) - limit;
    values.push_back(static_cast<float>(i % K % 32 == 0 ? limit : random));
  }
  return values;
}

/// Products of whole numbers, whose sums f32 holds exactly in any order, are exact.
void expect_exact_products(Backend& backend, WeightFormat format, std::int64_t M, std::int64_t K) {
  constexpr std::int64_t kOutputs = 70;
  const std::int32_t limit = integer_range(format).limit;
  auto weight = whole_numbers(kOutputs, K, limit, 3);
  auto x = whole_numbers(M, K, 127, 4);
  // The largest sums of either sign.
  std::fill_n(weight.begin(), K, static_cast<float>(limit));
  std::fill_n(weight.begin() + K, K, static_cast<float>(-limit));
  std::fill_n(x.begin(), K, 127.0F);
  std::vector<float> expected;
  for (std::int64_t m = 0; m < M; ++m) {
    for (std::int64_t n = 0; n < kOutputs; ++n) {
      double sum = 0;
      for (std::int64_t k = 0; k < K; ++k) {
        sum += static_cast<double>(x[static_cast<std::size_t>(m * K + k)]) *
               static_cast<double>(weight[static_cast<std::size_t>(n * K + k)]);
      }
      expected.push_back(static_cast<float>(sum));
    }
  }
  const Tensor out = packed_linear(backend, tensor(backend, {M, K}, x),
                                   packed(backend, {kOutputs, K}, weight, format), Tensor());
  EXPECT_EQ(to_floats(backend, out), expected) << to_string(format) << " M " << M << " K " << K;
}

class Packed : public testing::TestWithParam<std::string_view> {
 protected:
  std::vector<std::uint8_t> bytes(const Tensor& tensor) {
    std::vector<std::uint8_t> result(tensor.size_bytes());
    backend_->download(tensor, result.data());
    return result;
  }

  std::unique_ptr<Backend> backend_ = make_backend(GetParam());
};

TEST_P(Packed, ValuesAreWithinHalfAStep) {
  const std::vector<float> weight = {0.5F, -1, 0.25F, 0.9F, 3, -0.01F, 0, 1.5F};
  // Largest magnitude / limit of each row, rounded up to 8 bits: 1 / 127 is 129.008 · 2^-14, and so
  // on.
  const std::array int8_steps = {130 * 0x1p-14F, 194 * 0x1p-13F};
  const std::array int4_steps = {147 * 0x1p-10F, 220 * 0x1p-9F};
  for (const WeightFormat format : kFormats) {
    const PackedMatrix matrix = packed(*backend_, {2, 4}, weight, format);
    for (std::int64_t n = 0; n < 2; ++n) {
      for (std::int64_t k = 0; k < 4; ++k) {
        const float w = weight[static_cast<std::size_t>(n * 4 + k)];
        const auto row = static_cast<std::size_t>(n);
        const float step = format == int8   ? int8_steps[row]
                           : format == int4 ? int4_steps[row]
                           : format == bf16 ? std::abs(w) * 0x1p-7F
                                            : 0;
        EXPECT_NEAR(packed_value(matrix, n, k), w, 0.5001F * step)
            << to_string(format) << " " << n << ", " << k;
        if (!is_integer(format)) continue;
        const float q = packed_value(matrix, n, k) / step;
        EXPECT_EQ(q, std::nearbyint(q)) << to_string(format) << " " << n << ", " << k;
      }
    }
  }
}

TEST_P(Packed, F32KeepsEveryBit) {
  SeededRng rng(7);
  const Tensor weight = randn(*backend_, {33, 21}, rng);
  const std::vector<float> values = to_floats(*backend_, weight);
  const PackedMatrix matrix = pack(*backend_, weight, f32);
  for (std::int64_t i = 0; i < weight.numel(); ++i) {
    EXPECT_EQ(packed_value(matrix, i / 21, i % 21), values[static_cast<std::size_t>(i)]) << i;
  }
}

TEST_P(Packed, ABlockOfZerosStaysZeroAndLeavesTheOthersAlone) {
  // Inputs 0 to 31 are 0, inputs 32 to 39 are the next block.
  std::vector<float> weight(120, 0);
  for (std::size_t k = 32; k < 40; ++k) weight[k] = 7;
  for (const WeightFormat format : kFormats) {
    const PackedMatrix matrix = packed(*backend_, {3, 40}, weight, format);
    for (std::int64_t k = 0; k < 40; ++k) {
      EXPECT_NEAR(packed_value(matrix, 0, k), k < 32 ? 0 : 7, k < 32 ? 0 : 0.05) << k;
      EXPECT_EQ(packed_value(matrix, 2, k), 0) << k;
    }
    // The rounded row of x has a block of zeros, too.
    const Tensor x = tensor(*backend_, {1, 40}, {weight.begin(), weight.begin() + 40});
    const auto out = to_floats(*backend_, packed_linear(*backend_, x, matrix, Tensor()));
    EXPECT_NEAR(out[0], 8 * 7 * 7, 3) << to_string(format);
    EXPECT_EQ(out[1], 0) << to_string(format);
    EXPECT_EQ(out[2], 0) << to_string(format);
  }
}

TEST_P(Packed, WholeNumbersAreExact) {
  for (const WeightFormat format : kFormats) {
    const auto weight = whole_numbers(18, 40, integer_range(format).limit, 1);
    const PackedMatrix matrix = packed(*backend_, {18, 40}, weight, format);
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      ASSERT_EQ(packed_value(matrix, at / 40, at % 40), weight[i]) << i;
    }
    for (const std::int64_t M : {1, 3, 7}) {
      for (const std::int64_t K : {32, 40, 128, 288}) {
        expect_exact_products(*backend_, format, M, K);
      }
    }
  }
}

TEST_P(Packed, IntegerProductsRoundTheirLeftSideHalvesToEven) {
  // The largest is 127, so the scale is 1.
  const Tensor x = tensor(*backend_, {1, 6}, {127, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F});
  for (const WeightFormat format : {int8, int4}) {
    const auto limit = static_cast<float>(integer_range(format).limit);
    std::vector<float> diagonal(36, 0);
    for (std::size_t i = 0; i < 6; ++i) diagonal[i * 7] = limit;
    const PackedMatrix matrix = packed(*backend_, {6, 6}, diagonal, format);
    const Tensor out = packed_linear(*backend_, x, matrix, Tensor());
    EXPECT_EQ(to_floats(*backend_, out),
              (std::vector<float>{127 * limit, 0, 2 * limit, 2 * limit, 0, -2 * limit}));
  }
}

TEST_P(Packed, FloatsStandInPanelsOfSixteenOutputs) {
  std::vector<float> weight(34);
  std::iota(weight.begin(), weight.end(), 1.0F);
  std::vector<float> expected(64, 0);
  for (std::size_t n = 0; n < 17; ++n) {
    for (std::size_t k = 0; k < 2; ++k) {
      expected[(n / 16 * 2 + k) * 16 + n % 16] = weight[n * 2 + k];
    }
  }
  for (const WeightFormat format : {f32, bf16}) {
    const PackedMatrix matrix = packed(*backend_, {17, 2}, weight, format);
    EXPECT_EQ(matrix.values.shape(), (Shape{2, 2, 16}));
    EXPECT_EQ(matrix.values.dtype(), format == f32 ? DType::f32 : DType::bf16);
    EXPECT_EQ(to_floats(*backend_, matrix.values), expected) << to_string(format);
    EXPECT_FALSE(matrix.scales.is_defined());
  }
}

/// The bytes of element `element` of lane `lane` in a panel of integers.
void put(std::vector<std::uint8_t>& panel, std::size_t element, std::size_t lane,
         std::initializer_list<std::uint8_t> bytes) {
  std::ranges::copy(bytes, panel.begin() + static_cast<std::ptrdiff_t>((element * 16 + lane) * 4));
}

/// A panel's scales when those of the first two outputs are 1.
std::vector<std::uint8_t> two_scales_of_one() {
  std::vector<std::uint8_t> bytes(32, 0);
  for (const std::size_t lane : {0, 1}) {
    bytes[lane * 2] = 0x80;
    bytes[lane * 2 + 1] = 0x3f;
  }
  return bytes;
}

TEST_P(Packed, Int8KeepsFourInputsInAnElementTheFirstLowest) {
  const PackedMatrix matrix =
      packed(*backend_, {2, 5}, {127, -127, 0, 1, 2, 3, -4, 5, -127, -1}, int8);
  std::vector<std::uint8_t> expected(512, 128);
  put(expected, 0, 0, {255, 1, 128, 129});
  put(expected, 1, 0, {130, 128, 128, 128});
  put(expected, 0, 1, {131, 124, 133, 1});
  put(expected, 1, 1, {127, 128, 128, 128});
  EXPECT_EQ(matrix.values.shape(), (Shape{1, 8, 16}));
  EXPECT_EQ(bytes(matrix.values), expected);
  EXPECT_EQ(matrix.scales.shape(), (Shape{1, 1, 16}));
  EXPECT_EQ(bytes(matrix.scales), two_scales_of_one());
}

TEST_P(Packed, Int4KeepsInputs0To3InTheLowHalvesAnd4To7InTheHigh) {
  const PackedMatrix matrix =
      packed(*backend_, {2, 9}, {7, -7, 0, 1, 2, 3, -1, -2, 5, -1, 0, 0, 0, -7, 0, 0, 6, 0}, int4);
  std::vector<std::uint8_t> expected(256, 0x88);
  put(expected, 0, 0, {0xaf, 0xb1, 0x78, 0x69});
  put(expected, 1, 0, {0x8d, 0x88, 0x88, 0x88});
  put(expected, 0, 1, {0x17, 0x88, 0x88, 0xe8});
  EXPECT_EQ(matrix.values.shape(), (Shape{1, 4, 16}));
  EXPECT_EQ(bytes(matrix.values), expected);
  EXPECT_EQ(matrix.scales.shape(), (Shape{1, 1, 16}));
  EXPECT_EQ(bytes(matrix.scales), two_scales_of_one());
}

INSTANTIATE_TEST_SUITE_P(Ops, Packed, each_host_backend(), backend_test_name);

class PackedProduct : public testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Backend> backend_ = make_backend(GetParam());
};

TEST_P(PackedProduct, ARowDoesNotDependOnTheOthers) {
  SeededRng rng(11);
  for (const WeightFormat format : kFormats) {
    for (const std::int64_t K : {40, 96, 1000}) {
      const Tensor x = randn(*backend_, {400, K}, rng);
      const PackedMatrix weight = pack(*backend_, randn(*backend_, {70, K}, rng), format);
      const Tensor bias = randn(*backend_, {70}, rng);
      const auto product = [&](std::int64_t begin, std::int64_t end) {
        return packed_linear(*backend_, slice(*backend_, x, 0, begin, end), weight, bias,
                             {.activation = Activation::gelu});
      };
      const Tensor whole = product(0, 400);
      const auto expect_same = [&](std::int64_t begin, std::int64_t end) {
        EXPECT_TRUE(equal(*backend_, product(begin, end), slice(*backend_, whole, 0, begin, end)))
            << to_string(format) << " K " << K << " rows " << begin << " to " << end;
      };
      for (std::int64_t M = 1; M <= 25; ++M) expect_same(0, M);
      for (const std::int64_t row : {1, 5, 24, 200, 383, 384, 399}) expect_same(row, row + 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, PackedProduct, each_backend(), backend_test_name);

TEST(PackedMatrix, BlocksAreAsLongAsTheyDivideTheInputs) {
  EXPECT_EQ(packed_block(int8, 256), 128);
  EXPECT_EQ(packed_block(int8, 288), 96);
  EXPECT_EQ(packed_block(int8, 320), 64);
  EXPECT_EQ(packed_block(int8, 40), 32);
  EXPECT_EQ(packed_block(int4, 256), 32);
  EXPECT_EQ(packed_block(bf16, 256), 256);
  EXPECT_EQ(packed_block(f32, 7), 7);
}

TEST(PackedMatrix, ValuesAndScalesTakeWholeLines) {
  EXPECT_EQ(packed_size_bytes(f32, 17, 3), 384U);
  EXPECT_EQ(packed_size_bytes(bf16, 2, 3), 128U);
  EXPECT_EQ(packed_size_bytes(int8, 2, 5), 512U + 64U);
  EXPECT_EQ(packed_size_bytes(int4, 17, 33), 2 * 512U + 128U);
}

/// Makes kernels choose among these targets of Highway, as long as it lives.
class OnlyTargets {
 public:
  explicit OnlyTargets(std::int64_t targets) { hwy::SetSupportedTargetsForTest(targets); }

  ~OnlyTargets() { hwy::SetSupportedTargetsForTest(0); }

  OnlyTargets(const OnlyTargets&) = delete;
  OnlyTargets& operator=(const OnlyTargets&) = delete;
};

/// What this CPU has, one by one. Where a kernel is not compiled for one, its plain code runs.
std::vector<std::int64_t> cpu_targets() {
  std::vector<std::int64_t> targets;
  for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
    targets.push_back(left & -left);
  }
  return targets;
}

TEST(PackedOnEveryTarget, WholeNumbersAreExact) {
  const auto backend = make_backend("cpu");
  for (const std::int64_t target : cpu_targets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    const OnlyTargets only(target);
    for (const WeightFormat format : kFormats) {
      for (const std::int64_t M : {1, 2, 7}) expect_exact_products(*backend, format, M, 288);
    }
  }
}

TEST(PackedOnEveryTarget, IntegersAreTheSame) {
  const auto backend = make_backend("cpu");
  SeededRng rng(5);
  for (const WeightFormat format : {int8, int4}) {
    for (const std::int64_t K : {32, 288, 1000}) {
      const double std = 1 / std::sqrt(static_cast<double>(K));
      const PackedMatrix weight = pack(*backend, randn(*backend, {100, K}, rng, std), format);
      const Tensor x = randn(*backend, {9, K}, rng);
      const auto product = [&] {
        return to_floats(*backend, packed_linear(*backend, x, weight, Tensor()));
      };
      const std::vector<float> expected = product();
      for (const std::int64_t target : cpu_targets()) {
        SCOPED_TRACE(fmt::format("{} {} K {}", hwy::TargetName(target), to_string(format), K));
        const OnlyTargets only(target);
        const std::vector<float> got = product();
        // In one block nothing but integers is added: even the bits are the same.
        if (weight.n_blocks() == 1) {
          EXPECT_EQ(got, expected);
        }
        for (std::size_t i = 0; i < got.size(); ++i) {
          ASSERT_NEAR(got[i], expected[i], 1e-6 * (1 + std::abs(expected[i]))) << i;
        }
      }
    }
  }
}

TEST(PackedLinear, ShowsANumberThatIsNotFiniteInEveryFormat) {
  for (const std::string_view backend_name : {"cpu_ref", "cpu"}) {
    const auto backend = make_backend(backend_name);
    SeededRng rng(6);
    const Tensor plain = randn(*backend, {20, 100}, rng);
    for (const WeightFormat format : {f32, bf16, int8, int4}) {
      const PackedMatrix weight = pack(*backend, plain, format);
      for (const std::int64_t at : {0, 15, 16, 63, 64, 99}) {
        for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
          std::vector<float> row(100, 0.5F);
          row[static_cast<std::size_t>(at)] = bad;
          const Tensor x = from_values(*backend, {1, 100}, std::span<const float>(row));
          for (const float y : to_floats(*backend, packed_linear(*backend, x, weight, Tensor()))) {
            ASSERT_FALSE(std::isfinite(y)) << to_string(format) << " at " << at;
          }
        }
      }
    }
  }
}

TEST(Pack, TakesABlockNearTheEndOfTheRangeForZeros) {
  const auto backend = make_backend("cpu");
  for (const WeightFormat format : {int8, int4}) {
    std::vector<float> values(64, 1e-38F);
    values[40] = 0;
    const PackedMatrix tiny =
        pack(*backend, from_values(*backend, {2, 32}, std::span<const float>(values)), format);
    for (std::int64_t k = 0; k < 32; ++k) EXPECT_EQ(packed_value(tiny, 1, k), 0) << k;
  }
}

}  // namespace
}  // namespace alpha::test
