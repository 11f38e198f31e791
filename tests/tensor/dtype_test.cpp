#include "alpha/tensor/dtype.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace alpha {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

F16 half_of_bits(int bits) {
  F16 value;
  value.bits = static_cast<std::uint16_t>(bits);
  return value;
}

BF16 bf16_of_bits(int bits) {
  BF16 value;
  value.bits = static_cast<std::uint16_t>(bits);
  return value;
}

/// A half by its definition: sign, exponent, mantissa.
double half_by_definition(int bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = (bits >> 10) & 0x1f;
  const int mantissa = bits & 0x3ff;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

/// A bf16 by its definition.
double bf16_by_definition(int bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = (bits >> 7) & 0xff;
  const int mantissa = bits & 0x7f;
  if (exponent == 0) return sign * std::ldexp(mantissa, -133);
  return sign * std::ldexp(128 + mantissa, exponent - 134);
}

TEST(DType, NamesRoundTrip) {
  for (const DType dtype : kAllDTypes) EXPECT_EQ(parse_dtype(to_string(dtype)), dtype);
}

TEST(DType, AnUnknownNameIsRefusedWithTheKnownOnes) {
  try {
    parse_dtype("float");
    FAIL() << "an unknown dtype was parsed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("'float'"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("bf16"), std::string::npos);
  }
}

TEST(DType, SizesMatchTheTypes) {
  for (const DType dtype : kAllDTypes) {
    visit_dtype(dtype, [&]<class Tag>(Tag) {
      EXPECT_EQ(sizeof(typename Tag::Type), size_of(dtype));
      EXPECT_EQ(dtype_of<typename Tag::Type>(), dtype);
      EXPECT_EQ(dtype_of<const typename Tag::Type>(), dtype);
    });
  }
}

TEST(DType, SumsAreKeptInAtLeastF32) {
  EXPECT_EQ(accumulation_dtype(DType::bf16), DType::f32);
  EXPECT_EQ(accumulation_dtype(DType::f16), DType::f32);
  EXPECT_EQ(accumulation_dtype(DType::f32), DType::f32);
  EXPECT_EQ(accumulation_dtype(DType::f64), DType::f64);
}

TEST(F16, EveryValueIsWhatItsBitsSay) {
  for (int bits = 0; bits < 65536; ++bits) {
    const float value = half_of_bits(bits);
    if ((bits & 0x7c00) != 0x7c00) {
      ASSERT_EQ(static_cast<double>(value), half_by_definition(bits)) << bits;
      ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << bits;
    } else if ((bits & 0x3ff) == 0) {
      ASSERT_EQ(value, (bits & 0x8000) != 0 ? -kInfinity : kInfinity);
    } else {
      ASSERT_TRUE(std::isnan(value)) << bits;
    }
  }
}

TEST(F16, EveryValueRoundTrips) {
  for (int bits = 0; bits < 65536; ++bits) {
    const float value = half_of_bits(bits);
    const F16 back(value);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(back))) << bits;
      ASSERT_EQ(back.bits & 0x8000, bits & 0x8000) << bits;
    } else {
      ASSERT_EQ(back.bits, bits);
    }
  }
}

TEST(F16, RoundsToTheNearestAndTiesToEven) {
  // Between each value and the next: the middle goes to the even one, a float beside it to its own.
  for (int bits = 0; bits < 0x7bff; ++bits) {
    const double low = half_by_definition(bits);
    const double high = half_by_definition(bits + 1);
    const auto middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(F16(middle).bits, bits + (bits & 1)) << bits;
    ASSERT_EQ(F16(-middle).bits, (bits + (bits & 1)) | 0x8000) << bits;
    ASSERT_EQ(F16(std::nextafter(middle, 0.0F)).bits, bits) << bits;
    ASSERT_EQ(F16(std::nextafter(middle, kInfinity)).bits, bits + 1) << bits;
  }
}

TEST(F16, BeyondItsRangeIsInfinityFromTheLastTieOn) {
  EXPECT_EQ(F16(65504.0F).bits, 0x7bff);
  EXPECT_EQ(F16(65519.996F).bits, 0x7bff);
  EXPECT_EQ(F16(65520.0F).bits, 0x7c00);
  EXPECT_EQ(F16(-65520.0F).bits, 0xfc00);
  EXPECT_EQ(F16(3e38F).bits, 0x7c00);
  EXPECT_EQ(F16(kInfinity).bits, 0x7c00);
}

TEST(F16, BelowHalfItsSmallestIsZeroWithTheSign) {
  EXPECT_EQ(F16(0x1p-25F).bits, 0x0000);
  EXPECT_EQ(F16(-0x1p-25F).bits, 0x8000);
  EXPECT_EQ(F16(std::nextafter(0x1p-25F, 1.0F)).bits, 0x0001);
  EXPECT_EQ(F16(-0.0F).bits, 0x8000);
  EXPECT_EQ(F16(1e-40F).bits, 0x0000);
}

TEST(BF16, EveryValueIsWhatItsBitsSay) {
  for (int bits = 0; bits < 65536; ++bits) {
    const float value = bf16_of_bits(bits);
    if ((bits & 0x7f80) != 0x7f80) {
      ASSERT_EQ(static_cast<double>(value), bf16_by_definition(bits)) << bits;
    } else if ((bits & 0x7f) == 0) {
      ASSERT_EQ(value, (bits & 0x8000) != 0 ? -kInfinity : kInfinity);
    } else {
      ASSERT_TRUE(std::isnan(value)) << bits;
    }
  }
}

TEST(BF16, EveryValueRoundTrips) {
  for (int bits = 0; bits < 65536; ++bits) {
    const float value = bf16_of_bits(bits);
    const BF16 back(value);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(back))) << bits;
      ASSERT_EQ(back.bits & 0x8000, bits & 0x8000) << bits;
    } else {
      ASSERT_EQ(back.bits, bits);
    }
  }
}

TEST(BF16, RoundsToTheNearestAndTiesToEven) {
  for (int bits = 0; bits < 0x7f7f; ++bits) {
    const double low = bf16_by_definition(bits);
    const double high = bf16_by_definition(bits + 1);
    const auto middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(BF16(middle).bits, bits + (bits & 1)) << bits;
    ASSERT_EQ(BF16(-middle).bits, (bits + (bits & 1)) | 0x8000) << bits;
    ASSERT_EQ(BF16(std::nextafter(middle, 0.0F)).bits, bits) << bits;
    ASSERT_EQ(BF16(std::nextafter(middle, kInfinity)).bits, bits + 1) << bits;
  }
}

TEST(BF16, BeyondItsRangeIsInfinity) {
  const float largest = bf16_of_bits(0x7f7f);
  EXPECT_EQ(BF16(largest).bits, 0x7f7f);
  EXPECT_EQ(BF16(std::numeric_limits<float>::max()).bits, 0x7f80);
  EXPECT_EQ(BF16(-kInfinity).bits, 0xff80);
}

TEST(BF16, ANaNWhosePayloadIsInTheLowBitsStaysANaN) {
  const auto nan = std::bit_cast<float>(0x7f800001U);
  EXPECT_TRUE(std::isnan(static_cast<float>(BF16(nan))));
  EXPECT_TRUE(std::isnan(static_cast<float>(F16(nan))));
  const auto negative = std::bit_cast<float>(0xff800001U);
  EXPECT_EQ(BF16(negative).bits & 0x8000, 0x8000);
}

}  // namespace
}  // namespace alpha
