#include "alpha/runs/ingest.h"

#include "tests/runs/run_fixture.h"

#include "alpha/runs/run_files.h"
#include "alpha/runs/run_store.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

class IngestTest : public RunTest {
 protected:
  static Json start_message(const std::string& id) {
    Json message = run_config(id);
    message.erase("configHash");
    message["type"] = "run_start";
    message["totalParams"] = 1234;
    message["infra"] = {{"hostname", "box"}, {"cpuCount", 8}};
    return message;
  }

  static Json metrics_message(const std::string& id, const std::vector<int>& steps) {
    Json metrics = Json::array();
    for (const int step : steps) metrics.push_back({{"step", step}, {"loss", 2.5}});
    return {{"type", "metrics"}, {"runId", id}, {"metrics", metrics}};
  }

  /// The message of the error, and that it is the caller's.
  std::string refusal(const Json& message) {
    try {
      ingest->handle(message);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
      return error.what();
    }
    return "none";
  }

  bool is_refused(const Json& message, std::string_view field) {
    const std::string text = refusal(message);
    EXPECT_NE(text.find(field), std::string::npos) << text;
    return text.find(field) != std::string::npos;
  }

  std::shared_ptr<const RunInfo> info(const std::string& id) {
    store->scan();
    return store->find(id);
  }

  std::vector<int> steps(const std::string& id) {
    std::vector<int> out;
    for (const Json& line : read_metrics(runs / id)) out.push_back(line.at("step").get<int>());
    return out;
  }

  void SetUp() override {
    RunTest::SetUp();
    runs = root / "runs";
    ingest = std::make_unique<Ingest>(runs, clock);
    store = std::make_unique<RunStore>(std::vector{runs}, clock);
  }

  fs::path runs;

  std::unique_ptr<Ingest> ingest;
  std::unique_ptr<RunStore> store;
};

TEST_F(IngestTest, ARunOfElsewhereLooksLikeALocalOne) {
  EXPECT_EQ(ingest->handle(start_message("r1")), (Json{{"ok", true}, {"written", 0}}));
  const auto started = info("r1");
  ASSERT_NE(started, nullptr);
  EXPECT_EQ(started->status, RunStatus::active);
  EXPECT_TRUE(started->is_ingested);
  EXPECT_EQ(started->n_params, 1234);
  EXPECT_EQ(started->domain, "novels");
  EXPECT_EQ(started->created_ms, clock.now_ms);
  EXPECT_EQ(started->config.at("infra").at("hostname"), "box");
  EXPECT_EQ(ingest->handle(metrics_message("r1", {1, 2, 3})).at("written"), 3);
  EXPECT_EQ(info("r1")->step, 3);
  ingest->handle({{"type", "samples"},
                  {"runId", "r1"},
                  {"step", 3},
                  {"samples", {{{"prompt", "p"}, {"output", "o"}}}}});
  EXPECT_EQ(read_samples(runs / "r1")[0].at("output"), "o");
  EXPECT_EQ(read_samples(runs / "r1")[0].at("created_at"), clock.now_ms);
  ingest->handle({{"type", "event"},
                  {"runId", "r1"},
                  {"event", {{"kind", "loss_nan"}, {"message", "  oops \n"}, {"level", "warn"}}}});
  const Json event = read_events(runs / "r1").at(0);
  EXPECT_EQ(event.at("message"), "oops");
  EXPECT_EQ(event.at("step"), 3);
  EXPECT_EQ(ingest->complete({{"runId", "r1"}, {"finalStep", 3}}), (Json{{"ok", true}}));
  EXPECT_EQ(info("r1")->status, RunStatus::completed);
}

TEST_F(IngestTest, WhatIsSentAgainIsWrittenOnce) {
  ingest->handle(start_message("r1"));
  ingest->handle(metrics_message("r1", {1, 2, 3}));
  EXPECT_EQ(ingest->handle(metrics_message("r1", {2, 3, 4})).at("written"), 1);
  EXPECT_EQ(ingest->handle(metrics_message("r1", {5, 5, 4})).at("written"), 1);
  EXPECT_EQ(steps("r1"), (std::vector<int>{1, 2, 3, 4, 5}));

  const Json samples = {{"type", "samples"},
                        {"runId", "r1"},
                        {"step", 5},
                        {"samples", {{{"prompt", "p"}, {"output", "o"}, {"idx", 1}}}}};
  EXPECT_EQ(ingest->handle(samples).at("written"), 1);
  EXPECT_EQ(ingest->handle(samples).at("written"), 0);

  const Json events = {
      {"type", "events"},
      {"runId", "r1"},
      {"events", {{{"kind", "a"}, {"timestamp", 5}}, {{"kind", "b"}, {"timestamp", 5}}}}};
  EXPECT_EQ(ingest->handle(events).at("written"), 2);
  EXPECT_EQ(ingest->handle(events).at("written"), 0);
  ingest->handle(start_message("r1"));
  EXPECT_EQ(steps("r1").size(), 5U);
}

TEST_F(IngestTest, ARunThatGoesOnFromAnEarlierStepDropsLaterLines) {
  ingest->handle(start_message("r1"));
  ingest->handle(metrics_message("r1", {1, 2, 3, 4}));
  ingest->complete({{"runId", "r1"}, {"finalStep", 4}});
  const std::int64_t created = info("r1")->created_ms;
  clock.now_ms += 1000;
  Json again = start_message("r1");
  again["step"] = 2;
  again["trainConfig"]["iters"] = 777;
  ingest->handle(again);
  EXPECT_EQ(steps("r1"), (std::vector<int>{1, 2}));
  EXPECT_EQ(info("r1")->status, RunStatus::active);
  EXPECT_EQ(info("r1")->total_steps, 777);
  EXPECT_EQ(info("r1")->created_ms, created);
  ingest->handle(metrics_message("r1", {3}));
  EXPECT_EQ(steps("r1"), (std::vector<int>{1, 2, 3}));
}

TEST_F(IngestTest, ANewRunDoesNotTakeTheNameOfOneThatHasSteps) {
  Json start = start_message("r1");
  start["step"] = 0;
  start["startedAt"] = 1000;
  ingest->handle(start);
  ingest->handle(start);
  ingest->handle(metrics_message("r1", {1, 2}));
  ingest->handle(start);  // the same session
  EXPECT_EQ(steps("r1").size(), 2U);
  start["startedAt"] = 2000;
  EXPECT_TRUE(is_refused(start, "field 'runId'"));
  EXPECT_EQ(steps("r1").size(), 2U);
}

TEST_F(IngestTest, ATornLineOfAServerThatDiedIsCutOff) {
  ingest->handle(start_message("r1"));
  ingest->handle(metrics_message("r1", {1, 2}));
  append(runs / "r1" / "metrics.jsonl", "{\"step\":3,\"lo");
  ingest->handle(metrics_message("r1", {3}));
  EXPECT_EQ(steps("r1"), (std::vector<int>{1, 2, 3}));
}

TEST_F(IngestTest, ANullLossIsKept) {
  ingest->handle(start_message("r1"));
  ingest->handle(
      {{"type", "metrics"}, {"runId", "r1"}, {"metrics", {{{"step", 1}, {"loss", nullptr}}}}});
  EXPECT_TRUE(read_metrics(runs / "r1")[0].at("loss").is_null());
}

TEST_F(IngestTest, AHeartbeatKeepsARunActive) {
  ingest->handle(start_message("r1"));
  touch_file(runs / "r1" / "config.json", clock.now_ms);
  clock.now_ms += 150'000;
  ingest->handle({{"type", "heartbeat"}, {"runId", "r1"}, {"step", 0}});
  clock.now_ms += 150'000;
  EXPECT_EQ(info("r1")->status, RunStatus::active);
  clock.now_ms += 60'000;
  EXPECT_EQ(info("r1")->status, RunStatus::stale);
}

TEST_F(IngestTest, UnknownTypesAreRefusedInTheOriginalsWords) {
  EXPECT_EQ(refusal({{"type", "nonsense"}, {"runId", "r1"}}), "Unknown ingest type");
  EXPECT_EQ(refusal(Json::object()), "Unknown ingest type");
  EXPECT_TRUE(is_refused({{"type", 5}}, "field 'type'"));
  EXPECT_TRUE(is_refused(Json::array(), "no JSON object"));
  EXPECT_TRUE(is_refused("run_start", "no JSON object"));
}

TEST_F(IngestTest, ARunIdIsNeverAPath) {
  for (const char* id : {"", ".", "..", "../x", "a/b", "/etc", "a\\b", ".hidden", "a b", "a\nb",
                         "ä", "a%2fb", "~", "a:b", "con*", "x\x01"}) {
    for (const char* type : {"run_start", "metrics", "samples", "heartbeat", "event", "events"}) {
      Json message = start_message(id);
      message["type"] = type;
      message["events"] = Json::array();
      EXPECT_TRUE(is_refused(message, "field 'runId'")) << id << " " << type;
    }
    EXPECT_THROW(ingest->complete({{"runId", id}, {"finalStep", 1}}), Error);
  }
  EXPECT_TRUE(is_refused(start_message(std::string(129, 'a')), "field 'runId'"));
  Json number = start_message("a");
  number["runId"] = 7;
  EXPECT_TRUE(is_refused(number, "field 'runId'"));
  const std::string zero("a\0b", 3);
  EXPECT_TRUE(is_refused(start_message(zero), "field 'runId'"));
  EXPECT_FALSE(fs::exists(runs));
  ingest->handle(start_message(std::string(128, 'a')));
}

TEST_F(IngestTest, DoesNotFollowLinksOutOfTheFolder) {
  make_directories(runs);
  make_directories(root / "outside");
  fs::create_directory_symlink(root / "outside", runs / "link");
  EXPECT_TRUE(is_refused(start_message("link"), "field 'runId'"));
  EXPECT_TRUE(fs::is_empty(root / "outside"));

  ingest->handle(start_message("r1"));
  write_file_atomic(root / "outside" / "victim", "kept");
  for (const char* name : {"metrics.jsonl", "samples.jsonl", "events.jsonl"}) {
    fs::create_symlink(root / "outside" / "victim", runs / "r1" / name);
    EXPECT_TRUE(is_refused(metrics_message("r1", {1}), name));
    EXPECT_TRUE(is_refused(start_message("r1"), name));
    fs::remove(runs / "r1" / name);
  }
  EXPECT_EQ(read_file(root / "outside" / "victim"), "kept");
  write_file_atomic(runs / "file", "x");
  EXPECT_TRUE(is_refused(start_message("file"), "field 'runId'"));
}

TEST_F(IngestTest, ALocalRunAndAnotherRunAreLeftAlone) {
  write_file_atomic(runs / "local" / "config.json", run_config("local").dump());
  EXPECT_TRUE(is_refused(start_message("local"), "another trainer"));
  EXPECT_TRUE(is_refused(metrics_message("local", {1}), "another trainer"));
  EXPECT_FALSE(fs::exists(runs / "local" / "metrics.jsonl"));

  ingest->handle(start_message("r1"));
  fs::rename(runs / "r1", runs / "r2");
  EXPECT_TRUE(is_refused(start_message("r2"), "another trainer"));
  write_file_atomic(runs / "other" / "notes.txt", "x");
  EXPECT_TRUE(is_refused(start_message("other"), "something else"));
}

TEST_F(IngestTest, ARunThatWasNotStartedIsNotFound) {
  try {
    ingest->handle(metrics_message("r1", {1}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
  }
  EXPECT_FALSE(fs::exists(runs / "r1"));
}

TEST_F(IngestTest, EveryFieldIsChecked) {
  const auto with = [](Json message, const char* key, Json value) {
    message[key] = std::move(value);
    return message;
  };
  const Json start = start_message("r1");
  EXPECT_TRUE(is_refused(with(start, "modelConfig", 5), "modelConfig"));
  EXPECT_TRUE(is_refused(with(start, "trainConfig", nullptr), "trainConfig"));
  EXPECT_TRUE(
      is_refused(with(start, "modelConfig", {{"x", std::string(70'000, 'x')}}), "modelConfig"));
  EXPECT_TRUE(is_refused(with(start, "domain", 5), "domain"));
  EXPECT_TRUE(is_refused(with(start, "domain", std::string(200, 'x')), "domain"));
  EXPECT_TRUE(is_refused(with(start, "totalParams", -1), "totalParams"));
  EXPECT_TRUE(is_refused(with(start, "step", 1.5), "step"));
  EXPECT_TRUE(is_refused(with(start, "infra", "box"), "infra"));
  EXPECT_TRUE(is_refused(with(start, "infra", {{"a", {{"b", 1}}}}), "infra.a"));
  EXPECT_FALSE(fs::exists(runs / "r1"));

  ingest->handle(start);
  const auto metrics = [](Json items) {
    return Json{{"type", "metrics"}, {"runId", "r1"}, {"metrics", std::move(items)}};
  };
  EXPECT_TRUE(is_refused(metrics(5), "metrics"));
  EXPECT_TRUE(is_refused(metrics({{{"loss", 1}}}), "metrics[0].step"));
  EXPECT_TRUE(is_refused(metrics({{{"step", 1}}, {{"step", -1}}}), "metrics[1].step"));
  EXPECT_TRUE(is_refused(metrics({{{"step", 1e300}}}), "metrics[0].step"));
  EXPECT_TRUE(is_refused(metrics({{{"step", 1}, {"loss", "x"}}}), "metrics[0].loss"));
  EXPECT_TRUE(is_refused(metrics({{{"step", 1}, {"a", Json::array()}}}), "metrics[0].a"));
  EXPECT_TRUE(
      is_refused(metrics({{{"step", 1}, {"a", std::string(20'000, 'x')}}}), "metrics[0].a"));
  EXPECT_TRUE(is_refused(metrics(Json(std::vector<int>(10'001))), "metrics"));
  EXPECT_TRUE(is_refused(metrics({5}), "metrics[0]"));

  const auto samples = [](Json items) {
    return Json{{"type", "samples"}, {"runId", "r1"}, {"samples", std::move(items)}};
  };
  EXPECT_TRUE(is_refused(samples(nullptr), "samples"));
  EXPECT_TRUE(is_refused(samples({5}), "samples[0]"));
  EXPECT_TRUE(is_refused(samples({{{"prompt", 5}}}), "samples[0].prompt"));
  EXPECT_TRUE(is_refused(samples({{{"output", std::string(70'000, 'x')}}}), "samples[0].output"));
  EXPECT_TRUE(is_refused(samples({{{"idx", "x"}}}), "samples[0].idx"));
  EXPECT_TRUE(is_refused(samples(Json(std::vector<int>(101))), "samples"));

  const auto event = [](Json value) {
    return Json{{"type", "event"}, {"runId", "r1"}, {"event", std::move(value)}};
  };
  EXPECT_TRUE(is_refused(event(nullptr), "events[0]"));
  EXPECT_TRUE(is_refused(event({{"kind", "k"}, {"level", "fatal"}}), "events[0].level"));
  EXPECT_TRUE(is_refused(event({{"message", "m"}}), "events[0].kind"));
  EXPECT_TRUE(is_refused(event({{"kind", "k"}, {"message", 5}}), "events[0].message"));
  EXPECT_TRUE(is_refused(event({{"kind", "k"}, {"payload", "x"}}), "events[0].payload"));
  EXPECT_TRUE(is_refused(event({{"kind", "k"}, {"step", -5}}), "events[0].step"));
  EXPECT_TRUE(is_refused({{"type", "heartbeat"}, {"runId", "r1"}, {"step", "x"}}, "step"));
  EXPECT_THROW(ingest->complete({{"runId", "r1"}}), Error);
  EXPECT_THROW(ingest->complete({{"runId", "r1"}, {"finalStep", "x"}}), Error);
  EXPECT_TRUE(read_metrics(runs / "r1").empty());
  EXPECT_TRUE(read_events(runs / "r1").empty());
}

TEST_F(IngestTest, AMessageWithOneBadItemWritesNothing) {
  ingest->handle(start_message("r1"));
  EXPECT_TRUE(is_refused({{"type", "metrics"},
                          {"runId", "r1"},
                          {"metrics", {{{"step", 1}, {"loss", 1}}, {{"step", "x"}}}}},
                         "metrics[1].step"));
  EXPECT_TRUE(read_metrics(runs / "r1").empty());
}

TEST_F(IngestTest, AMessageOfAnEventIsCutAndNeverEmpty) {
  ingest->handle(start_message("r1"));
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "ä";
  ingest->handle(
      {{"type", "events"},
       {"runId", "r1"},
       {"events", {{{"kind", "a"}, {"message", text}}, {{"kind", "b"}, {"message", " "}}}}});
  const auto events = read_events(runs / "r1");
  EXPECT_EQ(events.at(0).at("message").get<std::string>().size(), 4096U);
  EXPECT_EQ(events.at(1).at("message"), "(no message)");
}

}  // namespace
}  // namespace alpha
