#include "alpha/runs/metric_line.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "alpha/core/json.h"

namespace alpha {
namespace {

class MetricLineTest : public testing::Test {
 protected:
  /// Whether it counts. What follows a line is a newline, and something to read.
  bool read(const std::string& line) {
    const std::string text = line + "\n" + std::string(MetricLineReader::kPadding, '7');
    return reader.read(std::string_view(text).substr(0, line.size()));
  }

  /// The values of the last line by name.
  std::map<std::string, float> values() const {
    std::map<std::string, float> out;
    for (const auto& [column, value] : reader.values()) out[reader.names()[column]] = value;
    return out;
  }

  MetricLineReader reader;
};

TEST_F(MetricLineTest, ALineHasItsStepAndItsNumbersUnderTheNamesOfRows) {
  ASSERT_TRUE(
      read(R"({"step":7,"loss":2.5,"valLoss":-1e-3,"gradNorm":0,"skipped":true,"run_id":3})"));
  EXPECT_EQ(reader.step(), 7);
  EXPECT_EQ(values(), (std::map<std::string, float>{
                          {"loss", 2.5F}, {"val_loss", -1e-3F}, {"grad_norm", 0.0F}}));
}

TEST_F(MetricLineTest, SpacesMakeNoDifference) {
  ASSERT_TRUE(read("{\"step\": 7, \"loss\":\t2.5 , \"lr\" : 1}\r"));
  EXPECT_EQ(values(), (std::map<std::string, float>{{"loss", 2.5F}, {"lr", 1.0F}}));
  ASSERT_TRUE(read("  { \"step\" : 8 }"));
  EXPECT_EQ(reader.step(), 8);
}

TEST_F(MetricLineTest, KeysMayComeGoAndChangePlaces) {
  ASSERT_TRUE(read(R"({"step":1,"a":1,"b":2})"));
  ASSERT_TRUE(read(R"({"b":3,"step":2,"c":4})"));
  EXPECT_EQ(reader.step(), 2);
  EXPECT_EQ(values(), (std::map<std::string, float>{{"b", 3.0F}, {"c", 4.0F}}));
  ASSERT_TRUE(read(R"({"step":3})"));
  EXPECT_TRUE(values().empty());
}

TEST_F(MetricLineTest, WhatIsNoNumberIsAGap) {
  ASSERT_TRUE(read(R"({"step":1,"a":1,"b":1,"c":1,"d":1,"e":1,"f":1})"));
  ASSERT_TRUE(read(R"({"step":1,"a":null,"b":"1","c":true,"d":{"a":5},"e":[1],"f":"\u00e4"})"));
  for (const auto& [name, value] : values()) EXPECT_TRUE(std::isnan(value)) << name;
  ASSERT_TRUE(read(R"({"step":1,"a":1e39})"));
  EXPECT_TRUE(std::isnan(values()["a"]));
}

TEST_F(MetricLineTest, TheLastOfTwoMembersCounts) {
  ASSERT_TRUE(read(R"({"step":1,"a":1,"step":2,"a":2})"));
  EXPECT_EQ(reader.step(), 2);
  EXPECT_EQ(values()["a"], 2);
  ASSERT_TRUE(read(R"({"step":1,"a":1,"a":null})"));
  EXPECT_TRUE(std::isnan(values()["a"]));
  EXPECT_FALSE(read(R"({"step":1,"step":null})"));
}

TEST_F(MetricLineTest, ALineWithoutAWholeStepDoesNotCount) {
  for (const char* line :
       {R"({"loss":1})", R"({"step":null})", R"({"step":"1"})", R"({"step":1.0})",
        R"({"step":1e3})", R"({"step":9223372036854775808})", "{}", "", "7", "[1]", "null"}) {
    EXPECT_FALSE(read(line)) << line;
  }
  ASSERT_TRUE(read(R"({"step":9223372036854775807})"));
  EXPECT_EQ(reader.step(), std::numeric_limits<std::int64_t>::max());
  ASSERT_TRUE(read(R"({"step":-3})"));
  EXPECT_EQ(reader.step(), -3);
}

TEST_F(MetricLineTest, WhatIsNoJsonDoesNotCount) {
  ASSERT_TRUE(read(R"({"step":1,"a":1})"));
  for (const char* line :
       {R"({"step":1,"a":01})",  R"({"step":1,"a":1.})",        R"({"step":1,"a":.5})",
        R"({"step":1,"a":+1})",  R"({"step":1,"a":1e})",        R"({"step":1,"a":1e+-5})",
        R"({"step":1,"a":-})",   R"({"step":1,"a":1 2})",       R"({"step":1,"a":1,})",
        R"({"step":1,"a":1)",    R"({"step":1,"a":)",           R"({"step":1,"a")",
        R"({"step":1 "a":1})",   R"({"step":1,"a":1}})",        R"({"step":1}{"a":1})",
        R"({"step":1,"a":nul})", R"({"step":1,"a":NaN})",       R"({"step":1,"a":1e400})",
        R"({"step":1,"a":0x1})", "{\"step\":1,\"a\":\"\xff\"}", "{\"step\":1,\"a\":\"\x01\"}",
        R"({"step":1,"lo)"}) {
    EXPECT_FALSE(read(line)) << line;
  }
}

TEST_F(MetricLineTest, NumbersAreThoseOfTheJsonParser) {
  for (const char* text : {"0",
                           "-0",
                           "0.0",
                           "1",
                           "-1",
                           "0.1",
                           "123456789",
                           "12345678901234567890",
                           "123456789012345678901234567890",
                           "0.000000000000000000000000000000000001",
                           "1.17549435e-38",
                           "3.4028234e38",
                           "1e-45",
                           "1e-60",
                           "16777217",
                           "0.30000001192092896",
                           "9007199254740993",
                           "2.762280082457942",
                           "2.1060533511106927e-06",
                           "1E5",
                           "1e+05",
                           "99999999.99999999",
                           "12345678.12345678",
                           "1.00000000000000000000000001"}) {
    ASSERT_TRUE(read(fmt::format(R"({{"step":1,"a":{}}})", text))) << text;
    EXPECT_FLOAT_EQ(values()["a"], static_cast<float>(Json::parse(text).get<double>())) << text;
  }
}

TEST_F(MetricLineTest, NumbersOfAnyLengthAreThoseOfTheJsonParser) {
  std::uint64_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const double value = static_cast<double>(state >> 11U) * std::pow(10.0, i % 50 - 40);
    const std::string text = Json(i % 3 == 0 ? -value : value).dump().substr(0, 30);
    ASSERT_TRUE(read(fmt::format(R"({{"step":{},"a":{}}})", i, text))) << text;
    EXPECT_EQ(reader.step(), i);
    const auto expected = static_cast<float>(Json::parse(text).get<double>());
    if (!std::isfinite(expected)) continue;
    EXPECT_FLOAT_EQ(values()["a"], expected) << text;
  }
}

TEST_F(MetricLineTest, ColumnsAreBounded) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(read(fmt::format(R"({{"step":{},"junk_{}":1}})", i, i)));
  }
  EXPECT_EQ(reader.names().size(), kMaxColumns);
  std::string line = R"({"step":1)";
  for (int i = 0; i < 5000; ++i) line += fmt::format(R"(,"j{}":{})", i, i);
  ASSERT_TRUE(read(line + R"(,"junk_1":5})"));
  EXPECT_EQ(values(), (std::map<std::string, float>{{"junk_1", 5.0F}}));
}

}  // namespace
}  // namespace alpha
