#include "alpha/runs/run_rows.h"

#include "tests/runs/run_fixture.h"

namespace alpha {
namespace {

using RunRowsTest = RunTest;

RunInfo example() {
  RunInfo run;
  run.id = "folder";
  run.run_id = "r1";
  run.domain = "novels";
  run.config = Json::parse(R"({"modelConfig":{"vocabSize":10,"nLayer":2},
    "trainConfig":{"iters":50,"lr":0.5,"seed":1},"configHash":"abc","infra":{"hostname":"box"}})");
  run.status = RunStatus::active;
  run.step = 7;
  run.total_steps = 50;
  run.last_loss = 2.5;
  run.tokens_per_sec = 1500;
  run.n_params = 1234;
  run.created_ms = 1000;
  run.updated_ms = 2000;
  run.checkpoints = {
      {.step = 5, .path = "/r/folder/checkpoint-5", .size_bytes = 99, .mtime_ms = 7}};
  return run;
}

TEST_F(RunRowsTest, ARunHasTheColumnsOfTheOriginal) {
  const Json row = run_row(example());
  EXPECT_EQ(row.at("id"), "folder");
  EXPECT_EQ(row.at("run_id"), "r1");
  EXPECT_EQ(row.at("config_hash"), "abc");
  EXPECT_EQ(row.at("vocab_size"), 10);
  EXPECT_EQ(row.at("n_layer"), 2);
  EXPECT_TRUE(row.at("n_head").is_null());
  EXPECT_EQ(row.at("total_iters"), 50);
  EXPECT_EQ(row.at("lr"), 0.5);
  EXPECT_EQ(row.at("status"), "active");
  EXPECT_EQ(row.at("latest_step"), 7);
  EXPECT_EQ(row.at("last_loss"), 2.5);
  EXPECT_TRUE(row.at("best_val_loss").is_null());
  EXPECT_EQ(row.at("tokens_per_sec"), 1500);
  EXPECT_TRUE(row.at("ms_per_iter").is_null());
  EXPECT_EQ(row.at("estimated_params"), 1234);
  EXPECT_EQ(row.at("hostname"), "box");
  EXPECT_TRUE(row.at("gpu_name").is_null());
  EXPECT_EQ(row.at("checkpoint_count"), 1);
  EXPECT_EQ(row.at("latest_checkpoint_step"), 5);
  EXPECT_TRUE(row.at("metric_count").is_null());
  EXPECT_EQ(row.at("model_config").at("vocabSize"), 10);
  EXPECT_EQ(row.at("source"), "local");
}

TEST_F(RunRowsTest, ARunWithoutAReadableConfigHasARow) {
  RunInfo run;
  run.id = "x";
  run.config = nullptr;
  run.problem = "broken";
  const Json row = run_row(run);
  EXPECT_TRUE(row.at("model_config").is_null());
  EXPECT_EQ(row.at("problem"), "broken");
  EXPECT_TRUE(model_row(run).at("modelConfig").is_null());
}

TEST_F(RunRowsTest, AMetricRowHasNamesWithUnderscores) {
  const Json row = metric_row(
      "r", Json::parse(R"({"step":3,"loss":null,"valLoss":2.5,"gradNorm":1,"mfu":0.5})"));
  EXPECT_EQ(row.at("run_id"), "r");
  EXPECT_EQ(row.at("val_loss"), 2.5);
  EXPECT_EQ(row.at("grad_norm"), 1);
  EXPECT_EQ(row.at("mfu"), 0.5);
  EXPECT_TRUE(row.at("loss").is_null());
  EXPECT_TRUE(row.at("lr").is_null());
  EXPECT_FALSE(row.contains("valLoss"));
}

TEST_F(RunRowsTest, SamplesEventsAndCheckpointsHaveAllTheirColumns) {
  EXPECT_EQ(sample_row("r", Json{{"step", 1}, {"idx", 0}, {"prompt", "p"}}).dump(),
            R"({"run_id":"r","step":1,"idx":0,"prompt":"p","output":null,"created_at":null})");
  EXPECT_EQ(
      event_row("r", Json{{"id", 9}, {"step", 1}, {"kind", "k"}}).dump(),
      R"({"id":9,"run_id":"r","step":1,"level":null,"kind":"k","message":null,"payload":null,"created_at":null})");
  EXPECT_EQ(
      checkpoint_row("r", example().checkpoints[0]).dump(),
      R"({"run_id":"r","step":5,"filename":"checkpoint-5","file_path":"/r/folder/checkpoint-5","file_size":99,"created_at":7})");
}

TEST_F(RunRowsTest, AModelIsItsLatestCheckpoint) {
  RunInfo run = example();
  Json row = model_row(run);
  EXPECT_EQ(row.at("id"), "folder");
  EXPECT_EQ(row.at("runId"), "r1");
  EXPECT_EQ(row.at("step"), 5);
  EXPECT_EQ(row.at("mtime"), 7);
  EXPECT_EQ(row.at("lastLoss"), 2.5);
  run.last_val_loss = 2.25;
  EXPECT_EQ(model_row(run).at("lastLoss"), 2.25);
}

}  // namespace
}  // namespace alpha
