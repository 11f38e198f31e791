#include "alpha/runs/run_files.h"

#include "tests/runs/run_fixture.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

class RunFilesTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    run = make_run("a");
  }

  static std::vector<std::int64_t> steps(const std::vector<Json>& rows) {
    std::vector<std::int64_t> out;
    for (const Json& row : rows) out.push_back(row.at("step").get<std::int64_t>());
    return out;
  }

  using Steps = std::vector<std::int64_t>;
  fs::path run;
};

TEST_F(RunFilesTest, MetricsAreTheLastOnesAscending) {
  for (int i = 1; i <= 20; ++i) append_step(run, i, 2.0);
  append(run / "metrics.jsonl", "{\"step\":21");
  EXPECT_EQ(steps(read_metrics(run, 3)), (Steps{18, 19, 20}));
  EXPECT_EQ(read_metrics(run).size(), 20U);
  EXPECT_EQ(read_metrics(run, 0).size(), 0U);
  EXPECT_EQ(read_metrics(run)[0].at("gradNorm"), 1.5);
  EXPECT_THROW(read_metrics(run, -1), Error);
}

TEST_F(RunFilesTest, MetricsAreAtMostTenThousand) {
  std::string text;
  for (int i = 1; i <= 10'100; ++i) text += fmt::format("{{\"step\":{}}}\n", i);
  append(run / "metrics.jsonl", text);
  const auto rows = read_metrics(run, 1'000'000);
  ASSERT_EQ(rows.size(), 10'000U);
  EXPECT_EQ(rows.front().at("step"), 101);
  EXPECT_EQ(rows.back().at("step"), 10'100);
}

TEST_F(RunFilesTest, WhatIsNotThereHasNoRows) {
  EXPECT_TRUE(read_metrics(run).empty());
  EXPECT_TRUE(read_samples(run).empty());
  EXPECT_TRUE(read_events(run).empty());
  EXPECT_TRUE(read_events(root / "none").empty());
}

TEST_F(RunFilesTest, SamplesOfAStepOrFromAStepOrTheLast) {
  for (int i = 1; i <= 6; ++i) {
    append(run / "samples.jsonl", fmt::format("{{\"step\":{},\"idx\":{}}}\n", i / 2, i % 2));
  }
  EXPECT_EQ(steps(read_samples(run, {.step = 1})), (Steps{1, 1}));
  EXPECT_EQ(steps(read_samples(run, {.from_step = 2})), (Steps{2, 2, 3}));
  EXPECT_EQ(steps(read_samples(run, {.last = 2})), (Steps{2, 3}));
  EXPECT_EQ(steps(read_samples(run, {.last = 9, .from_step = 2})), (Steps{2, 2, 3}));
  EXPECT_EQ(steps(read_samples(run, {.limit = 2})), (Steps{0, 1}));
}

TEST_F(RunFilesTest, EventsByLevelAndKindAndBehindAnId) {
  const auto add = [&](int step, const char* level, const char* kind) {
    append(run / "events.jsonl",
           Json{{"step", step}, {"level", level}, {"kind", kind}, {"message", "m"}}.dump() + "\n");
  };
  add(0, "info", "run_started");
  add(3, "warn", "warning");
  add(5, "info", "checkpoint_saved");
  add(7, "warn", "warning");
  EXPECT_EQ(steps(read_events(run, {.level = "warn"})), (Steps{3, 7}));
  EXPECT_EQ(steps(read_events(run, {.last = 1, .level = "info"})), (Steps{5}));
  EXPECT_EQ(steps(read_events(run, {.kind = "run_started"})), (Steps{0}));
  const auto all = read_events(run);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_LT(all[0].at("id"), all[1].at("id"));
  const auto id = all[1].at("id").get<std::int64_t>();
  EXPECT_EQ(steps(read_events(run, {.from_id = id})), (Steps{5, 7}));
  EXPECT_EQ(steps(read_events(run, {.last = 5, .from_id = id})), (Steps{5, 7}));
  EXPECT_EQ(read_events(run, {.last = 3})[0].at("id"), id);
}

TEST_F(RunFilesTest, AFilterWithANegativeNumberIsRefused) {
  EXPECT_THROW(read_events(run, {.last = -1}), Error);
  EXPECT_THROW(read_events(run, {.from_id = -1}), Error);
  EXPECT_THROW(read_samples(run, {.limit = -1}), Error);
}

}  // namespace
}  // namespace alpha
