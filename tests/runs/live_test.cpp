#include "alpha/runs/live.h"

#include "tests/runs/run_fixture.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

class LiveTest : public RunTest {
 protected:
  RunWatcher& watcher() {
    if (!watcher_) {
      store_ = std::make_unique<RunStore>(std::vector{root}, clock);
      watcher_ = std::make_unique<RunWatcher>(*store_);
      watcher_->poll();
    }
    return *watcher_;
  }

  /// The names of the events of a poll, with commas.
  std::string names() {
    std::string out;
    for (const RunEvent& event : watcher().poll()) out += (out.empty() ? "" : ",") + event.name;
    return out;
  }

  static void event_line(const fs::path& run, int step, const char* kind) {
    std::ofstream(run / "events.jsonl", std::ios::app)
        << Json{{"step", step}, {"level", "info"}, {"kind", kind}, {"message", "m"}}.dump() << "\n";
  }

 private:
  std::unique_ptr<RunStore> store_;
  std::unique_ptr<RunWatcher> watcher_;
};

TEST_F(LiveTest, NewLinesOfAnActiveRunComeWithTheNextPoll) {
  const fs::path run = make_run("a");
  append_step(run, 1, 3.0);
  EXPECT_EQ(names(), "");
  append_step(run, 2, 2.5);
  append_step(run, 3, 2.25);
  const auto events = watcher().poll();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "metrics");
  EXPECT_EQ(events[0].run_id, "a");
  EXPECT_EQ(events[0].data.at("runId"), "a");
  ASSERT_EQ(events[0].data.at("metrics").size(), 2U);
  EXPECT_EQ(events[0].data.at("metrics")[1].at("step"), 3);
  EXPECT_EQ(events[0].data.at("metrics")[1].at("grad_norm"), 1.5);
  EXPECT_FALSE(events[0].data.at("metrics")[1].contains("id"));
  EXPECT_EQ(names(), "");
}

TEST_F(LiveTest, ALineThatIsNotWholeWaits) {
  const fs::path run = make_run("a");
  append_step(run, 1, 3.0);
  names();
  append(run / "metrics.jsonl", "{\"step\":2,");
  EXPECT_EQ(names(), "");
  append(run / "metrics.jsonl", "\"loss\":1}\n");
  const auto events = watcher().poll();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].data.at("metrics")[0].at("step"), 2);
}

TEST_F(LiveTest, ASampleThatWasTornWhenTheWatchBeganComesWhole) {
  const fs::path run = make_run("a");
  append_step(run, 1, 3.0);
  append(run / "samples.jsonl", "{\"step\":1,\"idx\":0}\n{\"step\":1,");
  names();
  append(run / "samples.jsonl", "\"idx\":1,\"output\":\"x\"}\n");
  const auto events = watcher().poll();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "samples");
  EXPECT_EQ(events[0].data.at("samples")[0].at("idx"), 1);
}

TEST_F(LiveTest, ANewRunStartsThenTellsItsLinesThenCompletes) {
  names();
  const fs::path run = make_run("a", 3);
  touch_file(run / "config.json", clock.now_ms);
  event_line(run, 0, "run_started");
  const auto events = watcher().poll();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].name, "run_start");
  EXPECT_EQ(events[0].data.at("id"), "a");
  EXPECT_EQ(events[0].data.at("status"), "active");
  EXPECT_TRUE(events[0].data.at("metrics").empty());
  EXPECT_EQ(events[1].name, "event");
  EXPECT_EQ(events[1].data.at("event").at("kind"), "run_started");
  append_step(run, 1, 2.0);
  append(run / "samples.jsonl", "{\"step\":1,\"idx\":0,\"prompt\":\"p\",\"output\":\"o\"}\n");
  EXPECT_EQ(names(), "metrics,samples");
  append_step(run, 3, 2.0);
  event_line(run, 3, "run_finished");
  const auto last = watcher().poll();
  ASSERT_EQ(last.size(), 3U);
  EXPECT_EQ(last[0].name, "metrics");
  EXPECT_EQ(last[1].name, "event");
  EXPECT_EQ(last[2].name, "run_complete");
  EXPECT_EQ(last[2].data.dump(), R"({"runId":"a","finalStep":3})");
  EXPECT_EQ(names(), "");
}

TEST_F(LiveTest, ARunThatStartsAndEndsBetweenTwoPollsIsToldAll) {
  names();
  const fs::path run = make_run("a", 3);
  touch_file(run / "config.json", clock.now_ms);
  event_line(run, 0, "run_started");
  for (int i = 1; i <= 3; ++i) append_step(run, i, 2.0);
  append(run / "samples.jsonl", "{\"step\":3,\"idx\":0,\"prompt\":\"p\",\"output\":\"o\"}\n");
  event_line(run, 3, "run_finished");
  const auto events = watcher().poll();
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0].name, "run_start");
  EXPECT_EQ(events[0].data.at("status"), "completed");
  EXPECT_EQ(events[0].data.at("metrics").size(), 3U);
  EXPECT_EQ(events[1].name, "samples");
  EXPECT_EQ(events[2].name, "event");
  EXPECT_EQ(events[3].name, "event");
  EXPECT_EQ(events[4].name, "run_complete");
  EXPECT_EQ(events[4].data.dump(), R"({"runId":"a","finalStep":3})");
  EXPECT_EQ(names(), "");
}

TEST_F(LiveTest, ARunThatFailsBetweenTwoPollsHasFailed) {
  names();
  const fs::path run = make_run("a");
  append_step(run, 1, 2.0);
  event_line(run, 1, "run_failed");
  EXPECT_EQ(names(), "run_start,event,run_status");
  EXPECT_EQ(names(), "");
}

TEST_F(LiveTest, ARunThatGoesOnAndEndsBetweenTwoPollsIsTold) {
  const fs::path run = make_run("a", 3);
  append_step(run, 1, 2.0);
  clock.now_ms += 3'600'000;
  EXPECT_EQ(names(), "");
  append_step(run, 2, 2.0);
  append_step(run, 3, 2.0);
  EXPECT_EQ(names(), "run_start,run_complete");
  EXPECT_EQ(names(), "");
}

TEST_F(LiveTest, AnOldRunThatIsBroughtFromElsewhereIsNoNews) {
  names();
  const fs::path run = make_run("old", 3);
  append_step(run, 3, 2.0);
  make_checkpoint(root / "bare", 5);
  for (const char* file : {"config.json", "metrics.jsonl"}) {
    touch_file(run / file, clock.now_ms - 3'600'000);
  }
  EXPECT_EQ(names(), "");
  make_checkpoint(run / "checkpoint-3", 3);
  EXPECT_EQ(names(), "");
}

TEST_F(LiveTest, ARunThatFallsSilentIsStaleAndStartsAgainWhenItGoesOn) {
  const fs::path run = make_run("a");
  append_step(run, 1, 3.0);
  names();
  clock.now_ms += 60'000;
  const auto events = watcher().poll();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "run_status");
  EXPECT_EQ(events[0].data.at("status"), "stale");
  append_step(run, 2, 3.0);
  const auto again = watcher().poll();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].name, "run_start");
  EXPECT_EQ(again[0].data.at("metrics").size(), 2U);
}

TEST_F(LiveTest, ARunThatGoesOnFromAnEarlierStepStartsAgain) {
  const fs::path run = make_run("a");
  for (int i = 1; i <= 5; ++i) append_step(run, i, 3.0);
  names();
  write_file_atomic(run / "metrics.jsonl", "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":3}\n");
  append_step(run, 3, 2.0);
  const auto events = watcher().poll();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "run_start");
  EXPECT_EQ(events[0].data.at("metrics").size(), 3U);
  append_step(run, 4, 2.0);
  EXPECT_EQ(names(), "metrics");
}

TEST_F(LiveTest, TheSnapshotIsOfActiveRunsWithTheirLast200Rows) {
  const fs::path run = make_run("a");
  for (int i = 1; i <= 250; ++i) append_step(run, i, 3.0);
  write_file_atomic(run / "config.json", run_config("a", 1000).dump());
  touch_file(make_run("old") / "config.json", 0);
  watcher().poll();
  const Json snapshot = watcher().snapshot();
  ASSERT_EQ(snapshot.size(), 1U);
  EXPECT_EQ(snapshot[0].at("id"), "a");
  ASSERT_EQ(snapshot[0].at("metrics").size(), 200U);
  EXPECT_EQ(snapshot[0].at("metrics")[0].at("step"), 51);
}

TEST_F(LiveTest, ManyLinesComeAThousandAtATime) {
  const fs::path run = make_run("a", 1'000'000);
  append_step(run, 1, 3.0);
  names();
  std::string lines;
  for (int i = 2; i <= 1502; ++i) lines += fmt::format("{{\"step\":{},\"loss\":1}}\n", i);
  append(run / "metrics.jsonl", lines);
  EXPECT_EQ(watcher().poll()[0].data.at("metrics").size(), 1000U);
  EXPECT_EQ(watcher().poll()[0].data.at("metrics").size(), 501U);
  EXPECT_EQ(names(), "");
}

TEST_F(LiveTest, ARunThatCannotBeReadDoesNotHinderTheOthers) {
  const fs::path bad = make_run("bad");
  const fs::path good = make_run("good");
  append_step(good, 1, 3.0);
  touch_file(bad / "config.json", clock.now_ms);
  names();
  make_directories(bad / "metrics.jsonl");
  append_step(good, 2, 3.0);
  EXPECT_EQ(names(), "metrics");
}

}  // namespace
}  // namespace alpha
