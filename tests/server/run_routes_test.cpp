#include <atomic>
#include <fstream>

#include "tests/server/support.h"

namespace alpha {
namespace {

using test::RunningService;

/// What is answered of the runs in a folder.
class RunRoutesTest : public testing::Test {
 protected:
  RunRoutesTest() { settings.roots = {dir.path()}; }

  std::filesystem::path make_run(const std::string& name, std::string_view metrics) const {
    const std::filesystem::path run = dir.path() / name;
    make_directories(run);
    write_file_atomic(run / "metrics.jsonl", metrics);
    write_file_atomic(run / "config.json",
                      Json{{"runId", name}, {"trainConfig", {{"iters", 9}}}}.dump());
    return run;
  }

  static Json json(const http::Response& response) { return Json::parse(response.body); }

  test::TempDir dir;
  std::unique_ptr<Backend> backend = make_backend("cpu", 1);
  ServerSettings settings;
};

TEST_F(RunRoutesTest, CurvesAreTheMetricsInBuckets) {
  std::string metrics;
  for (int i = 1; i <= 10; ++i) {
    metrics +=
        fmt::format("{{\"step\":{},\"loss\":{},\"valLoss\":1,\"lr\":0.5}}\n", i, i == 5 ? 100 : i);
  }
  const auto run = make_run("a", metrics);
  const RunningService server(*backend, settings);
  const auto response = server.get("/api/runs/a/curves?points=5&columns=loss,val_loss,nothing");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(http::find_header(response.headers, "Content-Type"), "application/json");
  EXPECT_EQ(response.body,
            R"({"run_id":"a","n_rows":10,"first_step":1,"last_step":10,"from":1,"to":10,)"
            R"("rows_per_bucket":2,"step":[2,4,6,8,10],"columns":{)"
            R"("loss":{"mean":[1.5,3.5,53,7.5,9.5],"min":[1,3,6,7,9],"max":[2,4,100,8,10]},)"
            R"("val_loss":{"mean":[1,1,1,1,1],"min":[1,1,1,1,1],"max":[1,1,1,1,1]}}})");
  const Json zoom = json(server.get("/api/runs/a/curves?from=3&to=4"));
  EXPECT_EQ(zoom["step"].dump(), "[3,4]");
  EXPECT_EQ(zoom["columns"]["lr"].dump(), R"({"mean":[0.5,0.5]})");
  std::ofstream(run / "metrics.jsonl", std::ios::app) << "{\"step\":11,\"loss\":1}\n";
  EXPECT_EQ(json(server.get("/api/runs/a/curves"))["n_rows"], 11);
}

TEST_F(RunRoutesTest, CurvesOfARunWithoutMetricsAreEmpty) {
  make_run("a", "");
  const RunningService server(*backend, settings);
  const Json curves = json(server.get("/api/runs/a/curves"));
  EXPECT_EQ(curves["n_rows"], 0);
  EXPECT_TRUE(curves["first_step"].is_null());
  EXPECT_TRUE(curves["step"].empty());
  EXPECT_TRUE(curves["columns"].is_object());
}

TEST_F(RunRoutesTest, LongFilesKeepNobodyElseWaiting) {
  std::string metrics;
  for (int i = 1; metrics.size() < std::size_t{24} << 20U; ++i) {
    metrics += fmt::format("{{\"step\":{},\"loss\":{},\"valLoss\":1,\"lr\":0.5}}\n", i, 0.1 * i);
  }
  const auto first = make_run("long0", metrics);
  std::vector<std::string> names = {"long0"};
  for (int i = 1; i < 8; ++i) {
    names.push_back(fmt::format("long{}", i));
    const auto run = make_run(names.back(), "");
    std::filesystem::remove(run / "metrics.jsonl");
    std::filesystem::create_hard_link(first / "metrics.jsonl", run / "metrics.jsonl");
  }
  make_run("short", "{\"step\":1,\"loss\":1}\n");
  const RunningService server(*backend, settings);
  EXPECT_EQ(server.get("/api/runs").status, 200);
  std::atomic<int> n_answered = 0;
  std::vector<std::thread> threads;
  for (const std::string& name : names) {
    threads.emplace_back([&, name] {
      const Json curves = json(server.get(fmt::format("/api/runs/{}/curves?points=1", name)));
      EXPECT_GT(curves["n_rows"], 300'000);
      ++n_answered;
    });
  }
  while (n_answered == 0) std::this_thread::yield();
  EXPECT_EQ(json(server.get("/api/runs/short/curves"))["n_rows"], 1);
  EXPECT_EQ(json(server.get("/api/runs/short/metrics")).size(), 1U);
  EXPECT_LT(n_answered, 8);
  for (std::thread& thread : threads) thread.join();
}

TEST_F(RunRoutesTest, WhatIsWrongWithAQuestionForCurvesIsSaid) {
  make_run("a", "{\"step\":1}\n");
  const RunningService server(*backend, settings);
  for (const char* path : {"points=0", "points=5001", "points=x", "from=-1", "from=5&to=4"}) {
    const auto response = server.get(fmt::format("/api/runs/a/curves?{}", path));
    EXPECT_EQ(response.status, 400) << path;
    EXPECT_TRUE(json(response)["error"].is_string()) << path;
  }
  std::string names = "0";
  for (int i = 1; i <= 128; ++i) names += fmt::format(",{}", i);
  EXPECT_EQ(server.get("/api/runs/a/curves?columns=" + names).status, 400);
  EXPECT_EQ(server.get("/api/runs/b/curves").status, 404);
}

TEST_F(RunRoutesTest, ARunHasTheSpeedOfItsLastRow) {
  make_run("a", "{\"step\":1,\"tokens_per_sec\":5}\n{\"step\":2,\"tokens_per_sec\":7}\n");
  const RunningService server(*backend, settings);
  const Json row = json(server.get("/api/runs/a"));
  EXPECT_EQ(row["tokens_per_sec"], 7);
  EXPECT_TRUE(row["ms_per_iter"].is_null());
}

}  // namespace
}  // namespace alpha
