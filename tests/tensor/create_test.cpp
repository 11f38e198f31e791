#include "alpha/tensor/create.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "alpha/tensor/host_memory.h"
#include "alpha/tensor/ops/fill.h"

namespace alpha {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Host memory and the one kernel that creation needs, so that these tests stand without a backend.
class HostBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "host"; }

  const KernelTable& kernels() const noexcept override;

  StorageRef allocate(std::size_t size_bytes) override { return memory_.allocate(size_bytes); }

  void upload(const void* src, const Tensor& dst) override {
    if (dst.numel() > 0) std::memcpy(dst.raw(), src, dst.size_bytes());
  }

  void download(const Tensor& src, void* dst) override {
    if (src.numel() > 0) std::memcpy(dst, src.raw(), src.size_bytes());
  }

 private:
  HostMemory memory_;
};

void host_fill(HostBackend& /*backend*/, const FillArgs& args) {
  visit_dtype(args.out.dtype(), [&]<class Tag>(Tag) {
    using T = typename Tag::Type;
    std::fill_n(args.out.data<T>(), args.out.numel(), static_cast<T>(args.value));
  });
}

const KernelTable& HostBackend::kernels() const noexcept {
  static const KernelTable table = [] {
    KernelTable t;
    t.add<&host_fill>(kAnyDType, KernelKind::reference);
    return t;
  }();
  return table;
}

class Create : public testing::Test {
 protected:
  Tensor values(std::vector<double> v, DType dtype = DType::f32) {
    const Shape shape = {static_cast<std::int64_t>(v.size())};
    return from_values(backend_, shape, std::span<const double>(v), dtype);
  }

  HostBackend backend_;
};

TEST_F(Create, FullZerosAndOnesFillEveryDType) {
  for (const DType dtype : kAllDTypes) {
    EXPECT_EQ(to_doubles(backend_, full(backend_, {3}, 7, dtype)), std::vector<double>(3, 7));
    EXPECT_EQ(to_doubles(backend_, zeros(backend_, {2, 2}, dtype)), std::vector<double>(4, 0));
    EXPECT_EQ(to_doubles(backend_, ones(backend_, {}, dtype)), std::vector<double>(1, 1));
    EXPECT_EQ(zeros(backend_, {0, 4}, dtype).numel(), 0);
  }
}

TEST_F(Create, ValuesConvertToTheDType) {
  const std::vector<float> floats = {1.5F, -2.0F};
  const std::vector<std::int32_t> ints = {3, -4};
  EXPECT_EQ(
      to_doubles(backend_, from_values(backend_, {2}, std::span<const float>(floats), DType::bf16)),
      (std::vector<double>{1.5, -2}));
  EXPECT_EQ(to_doubles(backend_,
                       from_values(backend_, {2}, std::span<const std::int32_t>(ints), DType::f16)),
            (std::vector<double>{3, -4}));
  EXPECT_EQ(to_ints(backend_, from_values(backend_, {2, 1}, std::span<const std::int32_t>(ints))),
            ints);
  EXPECT_EQ(to_floats(backend_, values({0.1}, DType::f64)), std::vector<float>{0.1F});
  EXPECT_EQ(to_doubles(backend_, values({1.00390625}, DType::bf16)), std::vector<double>{1});
}

TEST_F(Create, TooFewValuesNameCountAndShape) {
  const std::vector<double> v = {1, 2, 3};
  try {
    from_values(backend_, {2, 2}, std::span<const double>(v));
    FAIL() << "three values filled four elements";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_STREQ(error.what(), "[from_values] got 3 values for shape [2, 2], expected 4");
  }
}

TEST_F(Create, RandnDrawsTheOriginalsInitialWeights) {
  SeededRng rng(42);
  const auto weights = to_doubles(backend_, randn(backend_, {2, 2}, rng, 0.02));
  EXPECT_EQ(weights, (std::vector<double>{0.027272159233689308, 0.007970558479428291,
                                          -0.0014282382326200604, -0.014872944913804531}));
}

TEST_F(Create, RandnRoundsToF32BeforeANarrowerDType) {
  SeededRng rng(7);
  SeededRng same(7);
  const auto narrow = to_doubles(backend_, randn(backend_, {100}, rng, 1, DType::bf16));
  const auto wide = to_floats(backend_, randn(backend_, {100}, same));
  for (std::size_t i = 0; i < narrow.size(); ++i) {
    EXPECT_EQ(narrow[i], static_cast<double>(static_cast<float>(BF16(wide[i]))));
  }
}

TEST_F(Create, CausalMaskHidesWhatComesLater) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16, DType::f64}) {
    EXPECT_EQ(to_doubles(backend_, causal_mask(backend_, 3, dtype)),
              (std::vector<double>{0, -kInfinity, -kInfinity, 0, 0, -kInfinity, 0, 0, 0}));
  }
  EXPECT_EQ(causal_mask(backend_, 0).numel(), 0);
}

TEST_F(Create, ToScalarWantsOneElement) {
  EXPECT_EQ(to_scalar(backend_, values({2.5})), 2.5);
  EXPECT_EQ(to_scalar(backend_, values({2.5}).reshape({})), 2.5);
  try {
    to_scalar(backend_, values({1, 2}));
    FAIL() << "two elements became one";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "[to_scalar] tensor has shape [2], expected one element");
  }
}

TEST_F(Create, EqualComparesShapesAndNumbers) {
  EXPECT_TRUE(equal(backend_, values({1, 2}), values({1, 2})));
  EXPECT_FALSE(equal(backend_, values({1, 2}), values({1, 3})));
  EXPECT_FALSE(equal(backend_, values({1, 2}), values({1, 2}).reshape({2, 1})));
  EXPECT_TRUE(equal(backend_, values({1, 2}), values({1, 2}, DType::bf16)));
  EXPECT_TRUE(equal(backend_, values({0.0}), values({-0.0})));
  EXPECT_FALSE(equal(backend_, values({kNaN}), values({kNaN})));
  EXPECT_TRUE(equal(backend_, values({}), values({})));
}

TEST_F(Create, AllCloseAllowsAbsoluteAndRelativeErrors) {
  EXPECT_TRUE(all_close(backend_, values({1}), values({1.000009})));
  EXPECT_FALSE(all_close(backend_, values({1}), values({1.00002})));
  EXPECT_TRUE(all_close(backend_, values({1000}), values({1001}), 0, 0.001));
  EXPECT_FALSE(all_close(backend_, values({1000}), values({1002}), 0, 0.001));
  EXPECT_FALSE(all_close(backend_, values({1}), values({1}).reshape({1, 1})));
}

TEST_F(Create, AllCloseNeverTakesNaNForANumber) {
  EXPECT_FALSE(all_close(backend_, values({kNaN}), values({1}), 1e9));
  EXPECT_FALSE(all_close(backend_, values({1}), values({kNaN}), 1e9));
  EXPECT_FALSE(all_close(backend_, values({kNaN}), values({kNaN}), 1e9));
}

TEST_F(Create, AllCloseMatchesInfinityWithItselfOnly) {
  EXPECT_TRUE(all_close(backend_, values({kInfinity}), values({kInfinity})));
  EXPECT_FALSE(all_close(backend_, values({kInfinity}), values({-kInfinity})));
  EXPECT_FALSE(all_close(backend_, values({kInfinity}), values({1})));
  EXPECT_FALSE(all_close(backend_, values({1}), values({kInfinity})));
}

}  // namespace
}  // namespace alpha
