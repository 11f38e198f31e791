#include "alpha/tensor/shape.h"

#include <vector>

#include <gtest/gtest.h>

namespace alpha {
namespace {

/// The message of the error that `f` throws.
template<class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "no error";
}

TEST(Shape, AScalarHasNoAxesAndOneElement) {
  const Shape scalar;
  EXPECT_EQ(scalar.rank(), 0);
  EXPECT_EQ(scalar.numel(), 1);
  EXPECT_EQ(scalar.rows(), 1);
  EXPECT_EQ(scalar.back(), 1);
  EXPECT_EQ(scalar.str(), "[]");
  EXPECT_TRUE(scalar.dims().empty());
}

TEST(Shape, CountsElementsAndRows) {
  const Shape shape = {2, 3, 4};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape.numel(), 24);
  EXPECT_EQ(shape.rows(), 6);
  EXPECT_EQ(shape.back(), 4);
  EXPECT_EQ(shape[1], 3);
  EXPECT_EQ((Shape{5}).rows(), 1);
  EXPECT_EQ((Shape{3, 0, 2}).numel(), 0);
  EXPECT_EQ((Shape{3, 0}).rows(), 3);
}

TEST(Shape, CountsBeyondFourBillionElements) {
  EXPECT_EQ((Shape{100000, 100000}).numel(), 10000000000);
}

TEST(Shape, DerivesOtherShapes) {
  const Shape shape = {2, 3, 4};
  EXPECT_EQ(shape.with(1, 7), (Shape{2, 7, 4}));
  EXPECT_EQ(shape.without(0), (Shape{3, 4}));
  EXPECT_EQ(shape.without(2), (Shape{2, 3}));
  EXPECT_EQ(shape.appended(5), (Shape{2, 3, 4, 5}));
  EXPECT_EQ((Shape{9}).without(0), Shape());
}

TEST(Shape, ComparesRankAndSizes) {
  EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
  EXPECT_NE((Shape{2, 3}), (Shape{3, 2}));
  EXPECT_NE((Shape{2}), (Shape{2, 1}));
  EXPECT_NE((Shape{0}), Shape());
  // What a longer shape left behind must not count.
  EXPECT_EQ((Shape{2, 3, 4}).without(2), (Shape{2, 3}));
}

TEST(Shape, PrintsItsSizes) {
  EXPECT_EQ((Shape{2, 0, 17}).str(), "[2, 0, 17]");
  EXPECT_EQ(fmt::format("{}", Shape{4}), "[4]");
}

TEST(Shape, RefusesNegativeSizesAndTooManyAxes) {
  EXPECT_NE(message_of([] { Shape shape{2, -1}; }).find("-1"), std::string::npos);
  EXPECT_NE(message_of([] { Shape shape{1, 1, 1, 1, 1, 1, 1}; }).find("at most 6"),
            std::string::npos);
  EXPECT_NE(message_of([] {
              (Shape{1, 2, 3, 4, 5, 6}).appended(7);
            }).find("[1, 2, 3, 4, 5, 6]"),
            std::string::npos);
}

TEST(Strides, AreRowMajor) {
  const Strides strides = contiguous_strides({2, 3, 4});
  EXPECT_EQ(strides[0], 12);
  EXPECT_EQ(strides[1], 4);
  EXPECT_EQ(strides[2], 1);
}

TEST(Strides, OfBroadcastAxesAreZero) {
  const Strides strides = broadcast_strides({3, 1, 4}, {5, 3, 6, 4});
  EXPECT_EQ(strides[0], 0);
  EXPECT_EQ(strides[1], 4);
  EXPECT_EQ(strides[2], 0);
  EXPECT_EQ(strides[3], 1);
}

TEST(Strides, WalkEveryElementOfABroadcastTensorInOrder) {
  const Shape from = {2, 1, 3};
  const Shape to = {2, 4, 3};
  const Strides strides = broadcast_strides(from, to);
  std::vector<std::int64_t> walked;
  for (std::int64_t i = 0; i < 2; ++i) {
    for (std::int64_t j = 0; j < 4; ++j) {
      for (std::int64_t k = 0; k < 3; ++k) {
        walked.push_back(i * strides[0] + j * strides[1] + k * strides[2]);
      }
    }
  }
  EXPECT_EQ(walked, (std::vector<std::int64_t>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2,
                                               3, 4, 5, 3, 4, 5, 3, 4, 5, 3, 4, 5}));
}

TEST(Broadcast, AlignsAtTheRight) {
  EXPECT_EQ(broadcast_shapes("add", {2, 3}, {3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast_shapes("add", {3}, {2, 3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast_shapes("add", {4, 1}, {1, 5}), (Shape{4, 5}));
  EXPECT_EQ(broadcast_shapes("add", {8, 1, 6, 1}, {7, 1, 5}), (Shape{8, 7, 6, 5}));
  EXPECT_EQ(broadcast_shapes("add", Shape(), {2, 3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast_shapes("add", Shape(), Shape()), Shape());
}

TEST(Broadcast, AnEmptyAxisMeetsOneAndItself) {
  EXPECT_EQ(broadcast_shapes("add", {0, 3}, {1, 3}), (Shape{0, 3}));
  EXPECT_EQ(broadcast_shapes("add", {0}, {0}), (Shape{0}));
  EXPECT_NE(message_of([] { broadcast_shapes("add", {0}, {2}); }), "no error");
}

TEST(Broadcast, ADifferenceNamesOpShapesAndSizes) {
  const std::string message = message_of([] { broadcast_shapes("mul", {2, 3}, {2, 4}); });
  for (const char* part : {"[mul]", "[2, 3]", "[2, 4]", "3 and 4"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(Broadcast, IsOneWayWhenTheTargetIsGiven) {
  EXPECT_TRUE(is_broadcastable_to({3}, {2, 3}));
  EXPECT_TRUE(is_broadcastable_to({2, 1}, {2, 3}));
  EXPECT_TRUE(is_broadcastable_to(Shape(), {2, 3}));
  EXPECT_TRUE(is_broadcastable_to({1}, {0}));
  EXPECT_FALSE(is_broadcastable_to({2, 3}, {3}));
  EXPECT_FALSE(is_broadcastable_to({2, 3}, {2, 1}));
  EXPECT_FALSE(is_broadcastable_to({1, 3}, {3}));
}

TEST(Axis, MayBeCountedFromTheEnd) {
  EXPECT_EQ(normalize_axis("sum", 0, 3), 0);
  EXPECT_EQ(normalize_axis("sum", 2, 3), 2);
  EXPECT_EQ(normalize_axis("sum", -1, 3), 2);
  EXPECT_EQ(normalize_axis("sum", -3, 3), 0);
}

TEST(Axis, OutOfRangeIsRefusedWithTheRange) {
  for (const int axis : {3, -4}) {
    const std::string message = message_of([=] { normalize_axis("sum", axis, 3); });
    EXPECT_TRUE(message.starts_with("[sum] axis is " + std::to_string(axis))) << message;
    EXPECT_NE(message.find("-3 to 2"), std::string::npos) << message;
  }
  EXPECT_NE(message_of([] { normalize_axis("sum", 0, 0); }), "no error");
}

}  // namespace
}  // namespace alpha
