#include "alpha/runs/report.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>

#include "tests/runs/run_fixture.h"

#include "alpha/backends/backends.h"
#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/http/server.h"
#include "alpha/runs/ingest.h"
#include "alpha/runs/run_files.h"
#include "alpha/runs/run_id.h"
#include "alpha/runs/run_store.h"
#include "alpha/runs/upload.h"
#include "alpha/tensor/create.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

/// A server that keeps what is reported, on a thread of its own.
class ReportServer {
 public:
  ReportServer(const fs::path& runs, const Clock& clock)
      : ingest_(runs, clock),
        upload_(runs, clock),
        server_({.port = 0}, [this](const auto& exchange) { answer(*exchange); }),
        thread_([this] { server_.run(); }) {}

  ReportServer(const ReportServer&) = delete;
  ReportServer& operator=(const ReportServer&) = delete;

  ~ReportServer() {
    server_.stop();
    thread_.join();
  }

  http::Url url() const {
    return http::parse_url(fmt::format("http://127.0.0.1:{}", server_.port()));
  }

  /// Answers the next `n` requests with `status`.
  void fail_next(int n, int status) {
    const std::scoped_lock lock(mutex_);
    n_failures_ = n;
    failure_ = status;
  }

  /// Comes back when `n` requests have been answered; false after ten seconds.
  bool wait_for(std::size_t n) {
    std::unique_lock lock(mutex_);
    return answered_.wait_for(lock, std::chrono::seconds(10), [&] { return log_.size() >= n; });
  }

  /// Comes back when a request has been answered whose line has `part` in it.
  bool wait_for(const std::string& part) {
    std::unique_lock lock(mutex_);
    return answered_.wait_for(lock, std::chrono::seconds(10), [&] { return count(part) > 0; });
  }

  std::ptrdiff_t n_requests(const std::string& part) {
    const std::scoped_lock lock(mutex_);
    return count(part);
  }

 private:
  std::ptrdiff_t count(const std::string& part) const {
    return std::ranges::count_if(
        log_, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }

  void answer(http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    http::Response response;
    std::string what = request.path;
    try {
      const std::scoped_lock lock(mutex_);
      if (n_failures_ > 0) {
        --n_failures_;
        response = {.status = failure_, .body = "{\"error\":\"not now\"}"};
      } else if (http::find_header(request.headers, "Authorization") != "Bearer secret") {
        response = {.status = 401, .body = "{\"error\":\"Unauthorized\"}"};
      } else {
        response.body = handle(request, what).dump();
      }
    } catch (const Error& error) {
      response.status = error.code() == ErrorCode::not_found ? 404 : 400;
      response.body = Json{{"error", error.what()}}.dump();
    }
    what += fmt::format(" {}", response.status);
    exchange.respond(std::move(response));
    const std::scoped_lock lock(mutex_);
    log_.push_back(what);
    answered_.notify_all();
  }

  Json handle(const http::Request& request, std::string& what) {
    if (request.path == "/api/upload") {
      const auto header = [&](const char* name) {
        return std::string(http::find_header(request.headers, name).value_or(""));
      };
      what += " " + header("X-Checkpoint-File");
      const UploadProgress progress = upload_.put(
          header("X-Checkpoint-Name"), std::stoll(header("X-Checkpoint-Step")),
          header("X-Checkpoint-File"), std::stoull(header("X-Checkpoint-Offset")), request.body);
      return {{"ok", true}, {"received", progress.received_bytes}};
    }
    const Json body = parse_json(request.body, "body");
    if (request.path == "/api/ingest/complete") return ingest_.complete(body);
    what += " " + body.value("type", std::string());
    return ingest_.handle(body);
  }

  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<std::string> log_;
  int n_failures_ = 0;
  int failure_ = 503;
  Ingest ingest_;
  CheckpointUpload upload_;
  http::Server server_;
  std::thread thread_;
};

class ReportTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    server = std::make_unique<ReportServer>(root / "runs", clock);
    run.run_id = "r1";
    run.model = {.vocab_size = 10, .block_size = 8, .n_layer = 1, .n_embd = 4, .n_head = 2};
    run.train.iters = 100;
  }

  ReporterOptions options() const {
    return {.url = server->url(),
            .secret = "secret",
            .flush_ms = 1,
            .first_retry_ms = 1,
            .max_retry_ms = 5,
            .stall_ms = 10'000,
            .piece_bytes = 1000};
  }

  std::unique_ptr<Reporter> make_reporter(ReporterOptions o, std::int64_t first_step = 0) {
    return std::make_unique<Reporter>(
        std::move(o), run, first_step, system_clock,
        [this](const std::string& text) { problems.push_back(text); });
  }

  static StepMetrics metrics(std::int64_t step) {
    StepMetrics m;
    m.step = step;
    m.loss = 2.5;
    return m;
  }

  /// Takes at least 100 steps, until something is told to have failed. Returns their number.
  std::int64_t train_until_a_problem(Reporter& reporter) const {
    const TrainerHooks hooks = reporter.hooks();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::int64_t step = 0;
    while (step < 100 || (problems.empty() && std::chrono::steady_clock::now() < end)) {
      hooks.on_step(metrics(++step));
      std::this_thread::yield();
    }
    return step;
  }

  std::vector<int> steps() const {
    std::vector<int> out;
    for (const Json& line : read_metrics(root / "runs" / "r1")) {
      out.push_back(line.at("step").get<int>());
    }
    return out;
  }

  fs::path save_checkpoint(std::int64_t step) const {
    const auto backend = make_backend("cpu_ref", 1);
    const Tensor weights = full(*backend, {100, 10}, 0.5);
    const fs::path path = root / "local" / fmt::format("checkpoint-{}", step);
    save_checkpoint_directory(path, *backend,
                              {.config = to_json(run),
                               .tokenizer = Json::object(),
                               .trainer_state = Json{{"step", step}},
                               .model = {{.name = "w", .tensor = weights}},
                               .optimizer = {{.name = "w.m", .tensor = weights}}});
    return path;
  }

  RunConfig run;
  SystemClock system_clock;
  std::vector<std::string> problems;
  std::unique_ptr<ReportServer> server;
};

TEST_F(ReportTest, ARunArrivesWithItsLinesItsCheckpointAndItsEnd) {
  const auto reporter = make_reporter(options());
  const TrainerHooks hooks = reporter->hooks();
  hooks.on_event({.step = 0, .level = "info", .kind = "run_started", .message = "x"});
  for (int i = 1; i <= 100; ++i) hooks.on_step(metrics(i));
  hooks.on_sample("a", "first");
  hooks.on_sample("b", "second");
  hooks.on_checkpoint(save_checkpoint(50), 50);
  hooks.on_checkpoint(save_checkpoint(100), 100);
  const ReportOutcome outcome = reporter->finish(100, true);
  EXPECT_TRUE(outcome.is_delivered);
  EXPECT_EQ(outcome.n_dropped, 0);
  EXPECT_EQ(outcome.n_problems, 0);
  EXPECT_EQ(steps().size(), 100U);
  RunStore store({root / "runs"}, clock);
  store.scan();
  const auto info = store.find("r1");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->status, RunStatus::completed);
  EXPECT_EQ(info->n_params, run.model.n_parameters());
  EXPECT_TRUE(info->config.at("infra").at("cpuCount").is_number());
  ASSERT_EQ(info->checkpoints.size(), 1U);  // the last alone
  EXPECT_EQ(info->checkpoints[0].step, 100);
  const CheckpointReader checkpoint(info->checkpoints[0].path);
  EXPECT_FALSE(checkpoint.has_optimizer());
  verify_checkpoint(info->checkpoints[0].path, CheckpointParts::everything);
  const auto samples = read_samples(info->path);
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[1].at("idx"), 1);
  EXPECT_EQ(samples[1].at("output"), "second");
  EXPECT_EQ(samples[1].at("step"), 100);
  EXPECT_EQ(read_events(info->path).at(0).at("kind"), "run_started");
}

TEST_F(ReportTest, AllCheckpointsOrNone) {
  ReporterOptions all = options();
  all.checkpoints = ReportedCheckpoints::all;
  auto reporter = make_reporter(all);
  for (const int step : {10, 20}) reporter->hooks().on_checkpoint(save_checkpoint(step), step);
  EXPECT_TRUE(reporter->finish(20, false).is_delivered);
  EXPECT_EQ(find_checkpoints(root / "runs" / "r1").size(), 2U);
  ReporterOptions none = options();
  none.checkpoints = ReportedCheckpoints::none;
  run.run_id = "r2";
  reporter = make_reporter(none);
  reporter->hooks().on_checkpoint(root / "local" / "checkpoint-10", 10);
  EXPECT_TRUE(reporter->finish(20, false).is_delivered);
  EXPECT_TRUE(find_checkpoints(root / "runs" / "r2").empty());
}

TEST_F(ReportTest, AServerThatFailsForAWhileMissesNothingAndGetsNothingTwice) {
  server->fail_next(3, 503);
  const auto reporter = make_reporter(options());
  for (int i = 1; i <= 50; ++i) reporter->hooks().on_step(metrics(i));
  ASSERT_TRUE(server->wait_for("metrics 200"));
  server->fail_next(4, 500);
  for (int i = 51; i <= 100; ++i) reporter->hooks().on_step(metrics(i));
  const ReportOutcome outcome = reporter->finish(100, true);
  EXPECT_TRUE(outcome.is_delivered);
  EXPECT_GE(outcome.n_problems, 4);
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(steps(), expected);
  ASSERT_GE(problems.size(), 4U);
  EXPECT_NE(problems[0].find("503"), std::string::npos) << problems[0];
  EXPECT_NE(problems[0].find("not now"), std::string::npos) << problems[0];
}

TEST_F(ReportTest, TrainingGoesOnWithoutAServerAndTheOldestMetricsGiveWay) {
  ReporterOptions o = options();
  o.url = http::parse_url("http://127.0.0.1:1");
  o.max_metrics = 10;
  o.stall_ms = 20;
  const auto reporter = make_reporter(o);
  const std::int64_t n = train_until_a_problem(*reporter);
  const ReportOutcome outcome = reporter->finish(n, true);
  EXPECT_FALSE(outcome.is_delivered);
  EXPECT_EQ(outcome.n_dropped, n - 10);
  EXPECT_GE(outcome.n_problems, 1);
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems[0].find("127.0.0.1"), std::string::npos) << problems[0];
}

TEST_F(ReportTest, TellsTheFirstFiveFailuresThenEachHundredth) {
  ReporterOptions o = options();
  o.max_retry_ms = 1;
  const auto reporter = make_reporter(o);
  ASSERT_TRUE(server->wait_for("run_start 200"));
  server->fail_next(210, 503);
  reporter->hooks().on_step(metrics(1));
  ASSERT_TRUE(server->wait_for("metrics 200"));
  reporter->finish(1, false);
  EXPECT_EQ(problems.size(), 7U);
}

TEST_F(ReportTest, AWrongSecretIsAProblemAndNothingElse) {
  ReporterOptions o = options();
  o.secret = "wrong";
  o.stall_ms = 20;
  const auto reporter = make_reporter(o);
  EXPECT_FALSE(reporter->finish(train_until_a_problem(*reporter), true).is_delivered);
  ASSERT_FALSE(problems.empty());
  EXPECT_NE(problems[0].find("Unauthorized"), std::string::npos);
}

TEST_F(ReportTest, AServerThatHasLostTheRunIsToldOfItAgain) {
  const auto reporter = make_reporter(options());
  reporter->hooks().on_step(metrics(1));
  ASSERT_TRUE(server->wait_for("metrics 200"));
  fs::remove_all(root / "runs" / "r1");
  reporter->hooks().on_step(metrics(2));
  EXPECT_TRUE(reporter->finish(2, true).is_delivered);
  EXPECT_EQ(steps(), (std::vector<int>{2}));
}

TEST_F(ReportTest, AResumedRunDropsWhatTheServerHasOfLaterSteps) {
  auto reporter = make_reporter(options());
  for (int i = 1; i <= 5; ++i) reporter->hooks().on_step(metrics(i));
  reporter->finish(5, false);
  reporter = make_reporter(options(), 3);
  reporter->hooks().on_step(metrics(4));
  EXPECT_TRUE(reporter->finish(4, false).is_delivered);
  EXPECT_EQ(steps(), (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(ReportTest, ASignOfLifeComesWhenNothingElseDoes) {
  ReporterOptions o = options();
  o.heartbeat_ms = 1;
  const auto reporter = make_reporter(o);
  EXPECT_TRUE(server->wait_for("heartbeat 200"));
}

TEST_F(ReportTest, ACheckpointThatIsRefusedIsSentAnewAndThenLeft) {
  const fs::path checkpoint = save_checkpoint(10);
  std::string model = read_file(checkpoint / kModelFile);
  model.back() = static_cast<char>(model.back() ^ 1);
  write_file_atomic(checkpoint / kModelFile, model);
  const auto reporter = make_reporter(options());
  reporter->hooks().on_step(metrics(1));
  reporter->hooks().on_checkpoint(checkpoint, 10);
  EXPECT_FALSE(reporter->finish(1, true).is_delivered);
  EXPECT_EQ(server->n_requests("manifest.json 400"), 3);
  EXPECT_TRUE(find_checkpoints(root / "runs" / "r1").empty());
  EXPECT_EQ(steps().size(), 1U);
  EXPECT_EQ(server->n_requests("complete 200"), 1);
}

TEST_F(ReportTest, ACheckpointThatIsGoneIsLeft) {
  const auto reporter = make_reporter(options());
  reporter->hooks().on_checkpoint(root / "none" / "checkpoint-10", 10);
  EXPECT_FALSE(reporter->finish(1, true).is_delivered);
  EXPECT_EQ(server->n_requests("complete 200"), 1);
}

TEST_F(ReportTest, ANameThatIsNoRunIdIsMadeOne) {
  run.run_id = ".my bäd/run";
  const auto reporter = make_reporter(options());
  EXPECT_TRUE(reporter->finish(0, false).is_delivered);
  EXPECT_TRUE(fs::exists(root / "runs" / "_my_b__d_run" / "config.json"));
}

TEST_F(ReportTest, ThisMachineIsDescribed) {
  const Json infra = host_infra();
  EXPECT_GT(infra.at("cpuCount"), 0);
  EXPECT_GT(infra.at("ramTotalMb"), 0);
  EXPECT_EQ(infra.at("osPlatform"), "linux");
}

}  // namespace
}  // namespace alpha
