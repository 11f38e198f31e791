#include "alpha/runs/metrics_tail.h"

#include "tests/runs/run_fixture.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

using MetricsTailTest = RunTest;

std::vector<std::int64_t> steps(const std::vector<Json>& lines) {
  std::vector<std::int64_t> out;
  for (const Json& line : lines) out.push_back(line.at("step").get<std::int64_t>());
  return out;
}

TEST_F(MetricsTailTest, GivesTheLastLinesInTheirOrder) {
  append(root / "m", "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
  EXPECT_EQ(steps(read_tail(root / "m", 2).lines), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(steps(read_tail(root / "m", 10).lines), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(MetricsTailTest, AMissingFileAndAnEmptyOneHaveNoLines) {
  EXPECT_TRUE(read_tail(root / "m", 5).lines.empty());
  append(root / "m", "");
  EXPECT_TRUE(read_tail(root / "m", 5).lines.empty());
  append(root / "m", "{\"step\":1}");
  EXPECT_TRUE(read_tail(root / "m", 5).lines.empty());
}

TEST_F(MetricsTailTest, PassesOverATornLineAndMalformedOnes) {
  append(root / "m", "{\"step\":1,\"loss\":null}\n{oops\n[1]\n\n7\n{\"step\":2}\n{\"step\":3,\"lo");
  const LineTail tail = read_tail(root / "m", 5);
  EXPECT_EQ(steps(tail.lines), (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(tail.lines[0].at("loss").is_null());
}

TEST_F(MetricsTailTest, ReadsLessThan64KilobytesOfAGigabyte) {
  const fs::path path = root / "m";
  append(path, "");
  fs::resize_file(path, std::uintmax_t{1} << 30);
  append(path, "\n");
  for (int i = 1; i <= 3; ++i) append(path, fmt::format("{{\"step\":{}}}\n", i));
  append(path, "{\"torn");
  const LineTail all = read_tail(path, 1'000'000);
  EXPECT_EQ(steps(all.lines), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_LT(all.bytes_read, 64U * 1024);
  EXPECT_GT(all.size_bytes, std::uint64_t{1} << 30);
  EXPECT_LE(read_tail(path, 2).bytes_read, 8U * 1024);
}

TEST_F(MetricsTailTest, BoundsWhatItReadsWhenLinesAreMany) {
  std::string text;
  for (int i = 1; i <= 100'000; ++i) text += fmt::format("{{\"step\":{}}}\n", i);
  append(root / "m", text);
  const LineTail tail = read_tail(root / "m", 1'000'000);
  EXPECT_LE(tail.bytes_read, kTailMaxBytes);
  EXPECT_EQ(tail.lines.back().at("step"), 100'000);
  EXPECT_EQ(tail.lines.front().at("step"), 100'001 - std::ssize(tail.lines));
}

TEST_F(MetricsTailTest, WalksBackOverPiecesOfAnyLength) {
  std::string text;
  for (int i = 1; i <= 300; ++i) {
    text += fmt::format("{{\"step\":{},\"pad\":\"{}\"}}\n", i, std::string(i * 13 % 3000, 'x'));
  }
  append(root / "m", text);
  std::int64_t expected = 300;
  std::uint64_t last_end = text.size() + 1;
  walk_back(root / "m", [&](Json&& line, std::uint64_t end) {
    EXPECT_EQ(line.at("step"), expected--);
    EXPECT_LT(end, last_end);
    EXPECT_EQ(text[end - 1], '\n');
    last_end = end;
    return Walk::go_on;
  });
  EXPECT_EQ(expected, 0);
}

TEST_F(MetricsTailTest, WalksOnFromWhereItEnded) {
  append(root / "m", "{\"step\":1}\n{\"step\":2}\n{\"st");
  std::vector<std::int64_t> seen;
  const auto visit = [&](Json&& line, std::uint64_t) {
    seen.push_back(line.at("step").get<std::int64_t>());
    return Walk::go_on;
  };
  const std::uint64_t end = walk_on(root / "m", 0, visit);
  EXPECT_EQ(end, 22U);
  append(root / "m", "ep\":3}\n");
  EXPECT_EQ(walk_on(root / "m", end, visit), 33U);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(MetricsTailTest, StopsWhereItIsToldAndGoesOnThere) {
  append(root / "m", "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
  const auto stop = [](Json&&, std::uint64_t) { return Walk::stop; };
  EXPECT_EQ(walk_on(root / "m", 0, stop), 11U);
  EXPECT_EQ(walk_on(root / "m", 11, stop), 22U);
}

TEST_F(MetricsTailTest, PassesOverALineThatIsTooLong) {
  const std::string end_of_long = "{\"step\":7}";
  append(root / "m",
         "{\"step\":1}\n" + std::string(3 * kMaxLineBytes, ' ') + end_of_long + "\n{\"step\":2}\n");
  std::vector<std::int64_t> seen;
  const auto visit = [&](Json&& line, std::uint64_t) {
    seen.push_back(line.at("step").get<std::int64_t>());
    return Walk::go_on;
  };
  walk_on(root / "m", 0, visit);
  walk_back(root / "m", visit);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 2, 1}));
}

TEST_F(MetricsTailTest, PassesOverALineThatIsNestedTooDeep) {
  append(root / "m",
         "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}\n{\"step\":2}\n");
  EXPECT_EQ(steps(read_tail(root / "m", 5).lines), (std::vector<std::int64_t>{2}));
}

}  // namespace
}  // namespace alpha
