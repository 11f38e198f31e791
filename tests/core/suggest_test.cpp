#include "alpha/core/suggest.h"

#include <array>
#include <string_view>

#include <gtest/gtest.h>

namespace alpha {
namespace {

constexpr std::array<std::string_view, 5> kCommands = {"train", "sample", "eval", "serve",
                                                       "tokenizer"};

TEST(Suggest, FindsTheWordBehindAMissingASurplusAndAWrongLetter) {
  EXPECT_EQ(closest("trai", kCommands), "train");
  EXPECT_EQ(closest("trainn", kCommands), "train");
  EXPECT_EQ(closest("sanple", kCommands), "sample");
}

TEST(Suggest, CountsTwoSwappedNeighboursAsOneEdit) {
  constexpr std::array<std::string_view, 2> kWords = {"abxy", "abdc"};
  EXPECT_EQ(closest("abcd", kWords), "abdc");
}

TEST(Suggest, IgnoresCase) {
  EXPECT_EQ(closest("EVAL", kCommands), "eval");
}

TEST(Suggest, TakesTheFirstAmongEquallyNearWords) {
  constexpr std::array<std::string_view, 2> kWords = {"bpe-4k", "bpe-8k"};
  EXPECT_EQ(closest("bpe-2k", kWords), "bpe-4k");
}

TEST(Suggest, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(closest("xylophone", kCommands), "");
  EXPECT_EQ(closest("train", {}), "");
  EXPECT_EQ(closest("", kCommands), "");
}

}  // namespace
}  // namespace alpha
