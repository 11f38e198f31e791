#include "alpha/runs/metric_table.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace alpha {
namespace {

constexpr std::size_t kRoom = std::size_t{1} << 30U;

/// Rows with one column `x`; more by the names given.
class Rows {
 public:
  explicit Rows(std::size_t max_bytes = kRoom) : table(max_bytes) { table.set_names({"x", "y"}); }

  void add(std::int64_t step, float x) {
    const MetricLineReader::Value value{.column = 0, .value = x};
    table.append(step, std::span(&value, 1));
  }

  void add_without(std::int64_t step) { table.append(step, {}); }

  MetricTable table;
};

std::vector<float> means(const Curves& curves) {
  return curves.columns.at(0).mean;
}

float least(const Curves& curves) {
  const auto& column = curves.columns.at(0);
  return std::ranges::min(column.min.empty() ? column.mean : column.min);
}

float greatest(const Curves& curves) {
  const auto& column = curves.columns.at(0);
  return std::ranges::max(column.max.empty() ? column.mean : column.max);
}

TEST(MetricTableTest, FewRowsAreGivenAsTheyAre) {
  Rows rows;
  for (int i = 1; i <= 3; ++i) rows.add(10 * i, static_cast<float>(i));
  const Curves curves = rows.table.downsample({});
  EXPECT_EQ(curves.n_rows, 3);
  EXPECT_EQ(curves.first_step, 10);
  EXPECT_EQ(curves.last_step, 30);
  EXPECT_EQ(curves.from, 10);
  EXPECT_EQ(curves.to, 30);
  EXPECT_EQ(curves.rows_per_bucket, 1);
  EXPECT_EQ(curves.step, (std::vector<std::int64_t>{10, 20, 30}));
  ASSERT_EQ(curves.columns.size(), 1U);
  EXPECT_EQ(curves.columns[0].name, "x");
  EXPECT_EQ(curves.columns[0].mean, (std::vector<float>{1, 2, 3}));
  EXPECT_TRUE(curves.columns[0].min.empty());
  EXPECT_TRUE(curves.columns[0].max.empty());
}

TEST(MetricTableTest, OneRowIsOneBucket) {
  Rows rows;
  rows.add(5, 1.5F);
  const Curves curves = rows.table.downsample({.max_points = 1});
  EXPECT_EQ(curves.step, std::vector<std::int64_t>{5});
  EXPECT_EQ(means(curves), std::vector<float>{1.5F});
}

TEST(MetricTableTest, NoRowsHaveNoCurves) {
  const Curves curves = MetricTable(kRoom).downsample({.from = 3});
  EXPECT_EQ(curves.n_rows, 0);
  EXPECT_FALSE(curves.first_step);
  EXPECT_FALSE(curves.last_step);
  EXPECT_EQ(curves.from, 3);
  EXPECT_TRUE(curves.step.empty());
  EXPECT_TRUE(curves.columns.empty());
}

TEST(MetricTableTest, BucketsHoldLeastMeanAndGreatestOfEquallyManyRows) {
  Rows rows;
  for (int i = 1; i <= 10; ++i) rows.add(i, static_cast<float>(i));
  const Curves curves = rows.table.downsample({.max_points = 3});
  EXPECT_EQ(curves.rows_per_bucket, 4);
  EXPECT_EQ(curves.step, (std::vector<std::int64_t>{4, 8, 10}));
  EXPECT_EQ(curves.columns[0].mean, (std::vector<float>{2.5F, 6.5F, 9.5F}));
  EXPECT_EQ(curves.columns[0].min, (std::vector<float>{1, 5, 9}));
  EXPECT_EQ(curves.columns[0].max, (std::vector<float>{4, 8, 10}));
}

TEST(MetricTableTest, ExtremesAreKeptWhateverTheResolution) {
  Rows rows;
  constexpr int kRows = 100'000;
  for (int i = 1; i <= kRows; ++i) {
    rows.add(i, i == 31'415 ? 1000.0F : i == 92'653 ? -1000.0F : std::sin(static_cast<float>(i)));
  }
  for (const std::int64_t points : {1, 2, 7, 100, 999, 1000, 5000}) {
    const Curves curves = rows.table.downsample({.max_points = points});
    EXPECT_LE(std::ssize(curves.step), points);
    EXPECT_EQ(curves.step.back(), kRows);
    EXPECT_EQ(greatest(curves), 1000) << points;
    EXPECT_EQ(least(curves), -1000) << points;
  }
  const Curves zoom = rows.table.downsample({.max_points = 10, .from = 31'400, .to = 31'420});
  EXPECT_EQ(zoom.step.back(), 31'420);
  EXPECT_EQ(zoom.rows_per_bucket, 3);
  EXPECT_EQ(greatest(zoom), 1000);
}

TEST(MetricTableTest, BucketsAreThoseOfAPlainLoop) {
  Rows rows;
  constexpr int kRows = 10'007;
  std::vector<float> all;
  for (int i = 0; i < kRows; ++i) {
    all.push_back(i % 7 == 0 ? kGap : static_cast<float>((i * 7919) % 1009) - 500);
    rows.add(i, all.back());
  }
  constexpr int kFrom = 1234;
  const Curves curves = rows.table.downsample({.max_points = 50, .from = kFrom});
  const std::int64_t n = curves.rows_per_bucket;
  EXPECT_EQ(n, (kRows - kFrom + 49) / 50);
  for (std::size_t bucket = 0; bucket < curves.step.size(); ++bucket) {
    const std::int64_t begin = kFrom + static_cast<std::int64_t>(bucket) * n;
    const std::int64_t end = std::min<std::int64_t>(begin + n, kRows);
    EXPECT_EQ(curves.step[bucket], end - 1);
    double sum = 0;
    int count = 0;
    float min = INFINITY;
    float max = -INFINITY;
    for (std::int64_t i = begin; i < end; ++i) {
      const float value = all[static_cast<std::size_t>(i)];
      if (std::isnan(value)) continue;
      sum += static_cast<double>(value);
      ++count;
      min = std::min(min, value);
      max = std::max(max, value);
    }
    EXPECT_FLOAT_EQ(curves.columns[0].mean[bucket], static_cast<float>(sum / count));
    EXPECT_EQ(curves.columns[0].min[bucket], min);
    EXPECT_EQ(curves.columns[0].max[bucket], max);
  }
}

TEST(MetricTableTest, GapsArePassedOverAndWholeGapsAreGaps) {
  Rows rows;
  rows.add(1, 1);
  rows.add(2, kGap);
  rows.add(3, kGap);
  rows.add_without(4);
  rows.add(5, 7);
  const Curves curves = rows.table.downsample({.max_points = 3});
  ASSERT_EQ(curves.rows_per_bucket, 2);
  EXPECT_EQ(curves.columns[0].mean[0], 1);
  EXPECT_TRUE(std::isnan(curves.columns[0].mean[1]));
  EXPECT_TRUE(std::isnan(curves.columns[0].min[1]));
  EXPECT_TRUE(std::isnan(curves.columns[0].max[1]));
  EXPECT_EQ(curves.columns[0].max[2], 7);
}

TEST(MetricTableTest, ARowOfAnEarlierStepReplacesWhatWasFromThereOn) {
  Rows rows;
  for (int i = 1; i <= 5000; ++i) rows.add(i, 1);
  rows.add(3, 2);
  rows.add(4, 2);
  Curves curves = rows.table.downsample({});
  EXPECT_EQ(curves.n_rows, 4);
  EXPECT_EQ(curves.step, (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(means(curves), (std::vector<float>{1, 1, 2, 2}));
  rows.add(4, 3);
  EXPECT_EQ(means(rows.table.downsample({})), (std::vector<float>{1, 1, 2, 3}));
  rows.add(-1, 4);
  curves = rows.table.downsample({});
  EXPECT_EQ(curves.first_step, -1);
  EXPECT_EQ(means(curves), std::vector<float>{4});
}

TEST(MetricTableTest, RangesIncludeBothTheirEnds) {
  Rows rows;
  for (int i = 1; i <= 9; ++i) rows.add(10 * i, static_cast<float>(i));
  const auto range = [&](std::int64_t from, std::int64_t to) {
    return rows.table.downsample({.from = from, .to = to}).step;
  };
  EXPECT_EQ(range(20, 40), (std::vector<std::int64_t>{20, 30, 40}));
  EXPECT_EQ(range(21, 39), std::vector<std::int64_t>{30});
  EXPECT_TRUE(range(21, 29).empty());
  EXPECT_TRUE(range(1000, 2000).empty());
  EXPECT_EQ(range(-5, 10), std::vector<std::int64_t>{10});
  const Curves curves = rows.table.downsample({.from = -5, .to = 1000});
  EXPECT_EQ(curves.from, 10);
  EXPECT_EQ(curves.to, 90);
}

TEST(MetricTableTest, OnlyColumnsThatAreAskedForAndHaveValuesAreGiven) {
  Rows rows;
  const std::vector<MetricLineReader::Value> values = {{.column = 0, .value = 1},
                                                       {.column = 1, .value = 2}};
  rows.table.append(1, values);
  rows.add(2, 5);
  EXPECT_EQ(rows.table.downsample({}).columns.size(), 2U);
  const Curves curves = rows.table.downsample({.columns = {"y", "unknown"}});
  ASSERT_EQ(curves.columns.size(), 1U);
  EXPECT_EQ(curves.columns[0].name, "y");
  EXPECT_TRUE(std::isnan(curves.columns[0].mean[1]));
  EXPECT_TRUE(rows.table.downsample({.from = 2, .columns = {"y"}}).columns.empty());
}

TEST(MetricTableTest, TablesAreJoinedByTheNamesOfTheirColumns) {
  Rows first;
  first.add(1, 1);
  first.add(2, 1);
  first.add(3, 1);
  MetricTable second(kRoom);
  second.set_names({"z", "x"});
  const std::vector<MetricLineReader::Value> values = {{.column = 0, .value = 9},
                                                       {.column = 1, .value = 2}};
  second.append(2, values);
  first.table.append(std::move(second));
  const Curves curves = first.table.downsample({});
  EXPECT_EQ(curves.step, (std::vector<std::int64_t>{1, 2}));
  ASSERT_EQ(curves.columns.size(), 2U);
  EXPECT_EQ(curves.columns[0].mean, (std::vector<float>{1, 2}));
  EXPECT_EQ(curves.columns[1].name, "z");
  EXPECT_EQ(curves.columns[1].mean[1], 9);
}

TEST(MetricTableTest, TooManyRowsAreMergedAndKeepTheirExtremes) {
  constexpr std::size_t kSmall = 256 * 1024;
  Rows rows(kSmall);
  constexpr int kRows = 1'000'000;
  for (int i = 1; i <= kRows; ++i) {
    rows.add(i, i == 271'828 ? 1000.0F : i == 999'999 ? -1000.0F : static_cast<float>(i % 100));
  }
  MetricTable all(kSmall);
  all.append(std::move(rows.table));
  EXPECT_LE(all.size_bytes(), kSmall);
  const Curves curves = all.downsample({.max_points = 500});
  EXPECT_EQ(curves.n_rows, kRows);
  EXPECT_EQ(curves.first_step, 1);
  EXPECT_EQ(curves.step.back(), kRows);
  EXPECT_LE(curves.step.size(), 500U);
  EXPECT_GT(curves.step.size(), 200U);
  EXPECT_EQ(greatest(curves), 1000);
  EXPECT_EQ(least(curves), -1000);
  for (const float mean : curves.columns[0].mean) EXPECT_NEAR(mean, 49.5, 5);
  for (const std::int64_t points : {1, 500, 5000}) {  // ranges that end within an entry
    const Curves begin = all.downsample({.max_points = points, .from = 271'828, .to = 300'001});
    EXPECT_EQ(greatest(begin), 1000);
    const Curves end = all.downsample({.max_points = points, .from = 200'001, .to = 271'828});
    EXPECT_EQ(greatest(end), 1000);
    EXPECT_EQ(end.step.back(), 271'828);
    const Curves one = all.downsample({.max_points = points, .from = 271'828, .to = 271'828});
    EXPECT_EQ(one.step, std::vector<std::int64_t>{271'828});
    EXPECT_EQ(greatest(one), 1000);
  }
  EXPECT_TRUE(all.downsample({.to = 0}).step.empty());
  EXPECT_TRUE(all.downsample({.from = kRows + 1}).step.empty());
  const Curves fine = all.downsample({.max_points = 5000, .from = 500'000, .to = 500'400});
  EXPECT_GT(fine.rows_per_bucket, 1);
  EXPECT_FALSE(fine.columns[0].min.empty());
}

}  // namespace
}  // namespace alpha
