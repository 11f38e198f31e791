#include "alpha/tensor/tensor.h"

#include <numeric>

#include <gtest/gtest.h>

#include "alpha/tensor/host_memory.h"

namespace alpha {
namespace {

class TensorTest : public testing::Test {
 protected:
  Tensor counting(const Shape& shape) {
    Tensor tensor(memory_.allocate(static_cast<std::size_t>(shape.numel()) * 4), 0, shape,
                  DType::f32);
    std::iota(tensor.data<float>(), tensor.data<float>() + shape.numel(), 0.0F);
    return tensor;
  }

  HostMemory memory_;
};

TEST_F(TensorTest, ADefaultOneIsUndefined) {
  const Tensor tensor;
  EXPECT_FALSE(tensor.is_defined());
  EXPECT_FALSE(tensor.is_unique());
}

TEST_F(TensorTest, KnowsItsSize) {
  const Tensor tensor = counting({3, 4});
  EXPECT_TRUE(tensor.is_defined());
  EXPECT_EQ(tensor.numel(), 12);
  EXPECT_EQ(tensor.size_bytes(), 48U);
  EXPECT_EQ(tensor.rank(), 2);
  EXPECT_EQ(tensor.dtype(), DType::f32);
}

TEST_F(TensorTest, CopiesAreHandlesToTheSameElements) {
  const Tensor a = counting({4});
  EXPECT_TRUE(a.is_unique());
  const Tensor b = a;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_FALSE(a.is_unique());
  b.data<float>()[2] = 7;
  EXPECT_EQ(a.data<float>()[2], 7);
}

TEST_F(TensorTest, ReshapeIsAView) {
  const Tensor a = counting({2, 6});
  const Tensor b = a.reshape({3, 2, 2});
  EXPECT_EQ(b.shape(), (Shape{3, 2, 2}));
  EXPECT_EQ(b.data<float>(), a.data<float>());
  EXPECT_EQ((a.reshape({12}).shape()), (Shape{12}));
}

TEST_F(TensorTest, ReshapeToAnotherSizeNamesBothShapes) {
  const Tensor a = counting({2, 6});
  try {
    a.reshape({5, 2});
    FAIL() << "twelve elements became ten";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    const std::string message = error.what();
    for (const char* part : {"[reshape]", "[2, 6]", "12", "[5, 2]", "10"}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
}

TEST_F(TensorTest, AsMatrixKeepsTheLastAxis) {
  EXPECT_EQ(counting({2, 3, 4}).as_matrix().shape(), (Shape{6, 4}));
  EXPECT_EQ(counting({4}).as_matrix().shape(), (Shape{1, 4}));
  EXPECT_EQ(counting({}).as_matrix().shape(), (Shape{1, 1}));
  EXPECT_EQ(counting({0, 4}).as_matrix().shape(), (Shape{0, 4}));
}

TEST_F(TensorTest, FlatViewsAPartInPlace) {
  const Tensor a = counting({3, 4});
  const Tensor part = a.flat(5, 9);
  EXPECT_EQ(part.shape(), (Shape{4}));
  EXPECT_EQ(part.offset(), 5);
  EXPECT_EQ(part.data<float>()[0], 5);
  const Tensor inner = part.flat(1, 3);
  EXPECT_EQ(inner.data<float>()[0], 6);
  EXPECT_EQ(part.reshape({2, 2}).data<float>()[3], 8);
  EXPECT_EQ(a.flat(12, 12).numel(), 0);
}

TEST_F(TensorTest, AViewKeepsTheStorageAlive) {
  Tensor part;
  {
    const Tensor a = counting({100});
    part = a.flat(98, 100);
  }
  EXPECT_TRUE(part.is_unique());
  EXPECT_EQ(part.data<float>()[1], 99);
  EXPECT_GT(memory_.stats().in_use_bytes, 0);
}

TEST_F(TensorTest, OverlapIsASharedByte) {
  const Tensor a = counting({10});
  EXPECT_TRUE(a.overlaps(a));
  EXPECT_TRUE(a.flat(0, 5).overlaps(a.flat(4, 10)));
  EXPECT_FALSE(a.flat(0, 5).overlaps(a.flat(5, 10)));
  EXPECT_FALSE(a.flat(5, 10).overlaps(a.flat(0, 5)));
  EXPECT_FALSE(a.flat(3, 3).overlaps(a));
  EXPECT_FALSE(a.overlaps(counting({10})));
}

TEST_F(TensorTest, OverlapCountsBytesNotElements) {
  const StorageRef storage = memory_.allocate(64);
  const Tensor wide(storage, 0, {4}, DType::f64);       // bytes 0 to 32
  const Tensor inside(storage, 15, {1}, DType::bf16);   // bytes 30 to 32
  const Tensor outside(storage, 16, {1}, DType::bf16);  // bytes 32 to 34
  EXPECT_TRUE(wide.overlaps(inside));
  EXPECT_FALSE(wide.overlaps(outside));
}

TEST_F(TensorTest, ReachingBeyondTheStorageIsADefect) {
  const StorageRef storage = memory_.allocate(40);
  EXPECT_NO_THROW(Tensor(storage, 2, {8}, DType::f32));
  EXPECT_THROW(Tensor(storage, 3, {8}, DType::f32), Error);
  EXPECT_THROW(Tensor(storage, -1, {8}, DType::f32), Error);
  EXPECT_THROW(counting({4}).flat(2, 5), Error);
  EXPECT_THROW(counting({4}).flat(3, 2), Error);
}

}  // namespace
}  // namespace alpha
