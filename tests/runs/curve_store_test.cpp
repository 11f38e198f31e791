#include "alpha/runs/curve_store.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "tests/runs/run_fixture.h"

#include "alpha/runs/curve_text.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

class CurveStoreTest : public RunTest {
 protected:
  static std::string lines(std::int64_t first, std::int64_t last, double loss) {
    std::string text;
    for (std::int64_t i = first; i <= last; ++i) {
      text += fmt::format("{{\"step\":{},\"loss\":{},\"gradNorm\":1.5}}\n", i, loss);
    }
    return text;
  }

  Curves read(const CurveQuery& query = {}) { return store.read(run, query); }

  void SetUp() override {
    RunTest::SetUp();
    run = make_run("a");
    metrics = run / "metrics.jsonl";
  }

  CurveStore store;
  fs::path run, metrics;
};

TEST_F(CurveStoreTest, ARunWithoutMetricsHasNoCurves) {
  EXPECT_EQ(read().n_rows, 0);
  append(metrics, "");
  EXPECT_EQ(read().n_rows, 0);
  append(metrics, "{\"step\":1,\"loss\":1}");
  EXPECT_EQ(read().n_rows, 0);
  EXPECT_EQ(store.read(root / "nowhere", {}).n_rows, 0);
}

TEST_F(CurveStoreTest, ReadsWhatIsAppended) {
  append(metrics, lines(1, 3, 2));
  EXPECT_EQ(read().step, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(read().step.size(), 3U);
  append(metrics, lines(4, 4, 1) + "{\"step\":5,\"lo");
  EXPECT_EQ(read().columns.at(0).mean, (std::vector<float>{2, 2, 2, 1}));
  append(metrics, "ss\":0.5}\n");
  EXPECT_EQ(read().columns.at(0).mean, (std::vector<float>{2, 2, 2, 1, 0.5}));
}

TEST_F(CurveStoreTest, RowsThatComeOneByOneAreThoseThatComeAtOnce) {
  std::string text;
  for (int i = 1; i <= 3000; ++i) {
    text = fmt::format("{{\"step\":{},\"loss\":{}}}\n", i, i % 17);
    append(metrics, text);
    if (i % 3 == 0) read();
  }
  CurveStore other;
  const CurveQuery query{.max_points = 100};
  EXPECT_EQ(curve_text("a", read(query)), curve_text("a", other.read(run, query)));
  EXPECT_LT(store.size_bytes(), std::size_t{100'000});
}

TEST_F(CurveStoreTest, SaysHowMuchWasNotReadBefore) {
  EXPECT_EQ(store.n_unread_bytes(root / "nowhere"), 0U);
  const std::string text = lines(1, 3, 2);
  append(metrics, text);
  EXPECT_EQ(store.n_unread_bytes(run), text.size());
  read();
  EXPECT_EQ(store.n_unread_bytes(run), 0U);
  append(metrics, lines(4, 4, 2) + "{\"st");
  read();
  EXPECT_EQ(store.n_unread_bytes(run), 4U);
  write_file_atomic(metrics, lines(1, 1, 3));
  EXPECT_EQ(store.n_unread_bytes(run), lines(1, 1, 3).size());
}

TEST_F(CurveStoreTest, AResumeReplacesWhatWasBehindIt) {
  append(metrics, lines(1, 9, 2));
  read();
  append(metrics, lines(5, 6, 1));
  const Curves curves = read();
  EXPECT_EQ(curves.step, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(curves.columns.at(0).mean, (std::vector<float>{2, 2, 2, 2, 1, 1}));
}

TEST_F(CurveStoreTest, AFileThatWasCutOrReplacedIsReadAnew) {
  append(metrics, lines(1, 9, 2));
  EXPECT_EQ(read().n_rows, 9);
  fs::resize_file(metrics, lines(1, 4, 2).size());
  EXPECT_EQ(read().n_rows, 4);
  write_file_atomic(metrics, lines(1, 6, 3));
  EXPECT_EQ(read().columns.at(0).mean, std::vector<float>(6, 3));
  std::ofstream(metrics) << lines(1, 8, 4);  // the same file, longer than before
  EXPECT_EQ(read().columns.at(0).mean, std::vector<float>(8, 4));
  fs::remove(metrics);
  EXPECT_EQ(read().n_rows, 0);
  append(metrics, lines(1, 2, 5));
  EXPECT_EQ(read().columns.at(0).mean, std::vector<float>(2, 5));
}

TEST_F(CurveStoreTest, BadLinesArePassedOver) {
  append(metrics, "{\"step\":1,\"loss\":1}\n{oops\n\n[1]\n{\"step\":2,\"loss\":null}\n\"x\"\n" +
                      std::string(3 * 1024 * 1024, ' ') + "{\"step\":7}\n" +
                      "{\"step\":\"3\"}\n{\"loss\":3}\n{\"step\":4,\"loss\":4}\n{\"step\":5");
  const Curves curves = read();
  EXPECT_EQ(curves.step, (std::vector<std::int64_t>{1, 2, 4}));
  EXPECT_TRUE(std::isnan(curves.columns.at(0).mean[1]));
}

TEST_F(CurveStoreTest, ALargeFileIsReadInPiecesWithoutLosingARow) {
  constexpr int kRows = 400'000;  // 23 MB
  std::string text;
  for (int i = 1; i <= kRows; ++i) {
    text += fmt::format("{{\"step\":{},\"loss\":{},\"pad\":\"{}\"}}\n", i, i % 1000 == 7 ? 0 : 1,
                        std::string(static_cast<std::size_t>(i % 40), 'x'));
  }
  append(metrics, text);
  const Curves curves = read();
  EXPECT_EQ(curves.n_rows, kRows);
  EXPECT_EQ(curves.rows_per_bucket, 400);
  for (std::size_t i = 0; i < curves.step.size(); ++i) {
    EXPECT_EQ(curves.step[i], 400 * (static_cast<std::int64_t>(i) + 1));
  }
  const Curves all = read({.max_points = 5000, .from = 100'001, .to = 105'000});
  ASSERT_EQ(all.step.size(), 5000U);
  for (std::size_t i = 0; i < all.step.size(); ++i) {
    EXPECT_EQ(all.step[i], 100'001 + static_cast<std::int64_t>(i));
    EXPECT_EQ(all.columns.at(0).mean[i], all.step[i] % 1000 == 7 ? 0 : 1);
  }
}

TEST_F(CurveStoreTest, AFileWithoutLinesIsRead) {
  append(metrics, lines(1, 2, 1));
  fs::resize_file(metrics, std::uintmax_t{100} << 20U);
  EXPECT_EQ(read().n_rows, 2);
  append(metrics, "\n" + lines(3, 3, 1));
  EXPECT_EQ(read().n_rows, 3);
}

TEST_F(CurveStoreTest, MemoryIsBoundedAndTheExtremesStay) {
  constexpr std::size_t kSmall = 4 * 1024 * 1024;
  CurveStore small(kSmall);
  std::string text;
  for (int i = 1; i <= 400'000; ++i) {
    text += fmt::format("{{\"step\":{},\"loss\":{},\"junk{}\":1,\"lr\":1}}\n", i,
                        i == 123'456 ? 99 : 1, i % 500);
  }
  append(metrics, text);
  const Curves curves = small.read(run, {.columns = {"loss"}});
  EXPECT_EQ(curves.n_rows, 400'000);
  EXPECT_EQ(std::ranges::max(curves.columns.at(0).max), 99);
  EXPECT_LE(small.size_bytes(), kSmall);
  EXPECT_LE(small.read(run, {.max_points = 10}).columns.size(), kMaxColumns);
}

TEST_F(CurveStoreTest, RunsThatWereNotAskedForLongestAreLetGo) {
  append(metrics, lines(1, 20'000, 1));
  read();
  CurveStore small(store.size_bytes() * 3 / 2);
  small.read(run, {});
  const fs::path other = make_run("b");
  append(other / "metrics.jsonl", lines(1, 20'000, 2));
  EXPECT_EQ(small.read(other, {}).n_rows, 20'000);
  EXPECT_LE(small.size_bytes(), store.size_bytes() * 3 / 2);
  EXPECT_EQ(small.read(run, {}).n_rows, 20'000);
}

TEST_F(CurveStoreTest, ManyMayAskAtTheSameTime) {
  append(metrics, lines(1, 1000, 1));
  std::vector<std::thread> threads;
  std::atomic<int> n_right = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) n_right += read({.max_points = 10}).n_rows >= 1000 ? 1 : 0;
    });
  }
  for (int i = 1001; i <= 1050; ++i) append(metrics, lines(i, i, 1));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_right, 200);
  EXPECT_EQ(read().n_rows, 1050);
}

TEST_F(CurveStoreTest, CurvesAsText) {
  append(metrics,
         "{\"step\":1,\"loss\":0.1}\n{\"step\":2,\"loss\":null}\n"
         "{\"step\":3,\"loss\":2.5}\n{\"step\":4,\"loss\":1e-7}\n");
  EXPECT_EQ(curve_text("a\"b", read()),
            R"({"run_id":"a\"b","n_rows":4,"first_step":1,"last_step":4,"from":1,"to":4,)"
            R"("rows_per_bucket":1,"step":[1,2,3,4],)"
            R"("columns":{"loss":{"mean":[0.1,null,2.5,1e-07]}}})");
  const Json json = Json::parse(curve_text("a", read({.max_points = 2, .from = 2})));
  EXPECT_EQ(json.dump(),
            R"({"run_id":"a","n_rows":4,"first_step":1,"last_step":4,"from":2,"to":4,)"
            R"("rows_per_bucket":2,"step":[3,4],)"
            R"("columns":{"loss":{"mean":[2.5,1e-07],"min":[2.5,1e-07],"max":[2.5,1e-07]}}})");
  fs::remove(metrics);
  EXPECT_EQ(curve_text("a", read()),
            R"({"run_id":"a","n_rows":0,"first_step":null,"last_step":null,"from":null,)"
            R"("to":null,"rows_per_bucket":1,"step":[],"columns":{}})");
}

}  // namespace
}  // namespace alpha
