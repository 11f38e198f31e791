#include <latch>

#include "tests/server/support.h"

namespace alpha {
namespace {

using test::RunningService;
using test::TempDir;
using test::write_checkpoint;

/// Real requests over real sockets to a real model; also under the thread sanitizer.
class Concurrency : public testing::Test {
 protected:
  Concurrency() { write_checkpoint(*backend, dir.path() / "toy", 1, 1); }

  ServerSettings settings() const {
    ServerSettings s;
    s.roots = {dir.path()};
    s.rescan_ms = 50;
    return s;
  }

  static Json request(int i, bool is_stream) {
    return {{"model", "toy"},     {"prompt", fmt::format("the cat {}", i)},
            {"max_tokens", 24},   {"seed", i},
            {"ignore_eos", true}, {"stream", is_stream}};
  }

  /// What was written, out of a whole answer or out of the events of a stream.
  static std::string text_of(const http::Response& response) {
    if (response.status != 200) return fmt::format("{}: {}", response.status, response.body);
    if (!response.body.starts_with("data: ")) {
      return Json::parse(response.body)["choices"][0]["text"];
    }
    std::string text;
    for (std::size_t at = 0; (at = response.body.find("data: {", at)) != std::string::npos; ++at) {
      const auto end = response.body.find("\n\n", at);
      const Json event = Json::parse(response.body.substr(at + 6, end - at - 6));
      text += event["choices"][0]["text"].get<std::string>();
    }
    return text;
  }

  /// Waits until a metric has a value.
  static void expect_metric(const RunningService& server, const std::string& name, double value) {
    double seen = -1;
    for (int i = 0; i < 2000 && seen != value; ++i) seen = server.metric(name);
    EXPECT_EQ(seen, value) << name;
  }

  TempDir dir;
  std::unique_ptr<Backend> backend = make_backend("cpu", 2);
};

TEST_F(Concurrency, SeededStreamsAtOnceAreWhatTheyAreAlone) {
  constexpr int kStreams = 64;
  const RunningService server(*backend, settings());
  std::vector<std::string> alone;
  for (int i = 0; i < kStreams; ++i) {
    alone.push_back(text_of(server.post("/v1/completions", request(i, false))));
  }
  std::vector<std::string> together(kStreams);
  std::latch start(kStreams);
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i) {
    threads.emplace_back([&, i] {
      const auto client = server.client();
      start.arrive_and_wait();
      together[static_cast<std::size_t>(i)] =
          text_of(client->request("POST", "/v1/completions", {}, request(i, i % 2 == 0).dump()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(together, alone);
  EXPECT_EQ(server.metric("alpha_model_loads"), 1);
}

TEST_F(Concurrency, WhatHalfOfTheClientsLeaveIsTakenBackAndTheOthersAreUndisturbed) {
  constexpr int kStreams = 32;
  const RunningService server(*backend, settings());
  std::vector<std::string> alone;
  for (int i = 0; i < kStreams; ++i) {
    alone.push_back(text_of(server.post("/v1/completions", request(i, false))));
  }
  std::vector<std::thread> threads;
  std::vector<std::string> together(kStreams);
  for (int i = 0; i < kStreams; ++i) {
    threads.emplace_back([&, i] {
      const auto client = server.client();
      Json body = request(i, true);
      if (i % 2 == 0) {
        body["max_tokens"] = 50;
        std::thread cut([&client, i] {
          for (int spin = 0; spin < i * 1000; ++spin) std::this_thread::yield();
          client->cancel();
        });
        try {
          client->request("POST", "/v1/completions", {}, body.dump());
        } catch (const Error&) {
        }
        cut.join();
      } else {
        together[static_cast<std::size_t>(i)] =
            text_of(client->request("POST", "/v1/completions", {}, body.dump()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 1; i < kStreams; i += 2) EXPECT_EQ(together[i], alone[i]) << i;
  expect_metric(server, R"(alpha_requests_running{model="toy"})", 0);
  expect_metric(server, R"(alpha_kv_blocks{model="toy",state="used"})", 0);
}

TEST_F(Concurrency, ColdRequestsAtOnceAreOneLoad) {
  const RunningService server(*backend, settings());
  std::vector<std::thread> threads;
  std::atomic<int> n_good = 0;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&, i] {
      n_good += server.post("/v1/completions", request(i, false)).status == 200 ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_good, 20);
  EXPECT_EQ(server.metric("alpha_model_loads"), 1);
}

TEST_F(Concurrency, AFirstLoadThatFailsDoesNotStick) {
  const auto file = dir.path() / "toy" / "checkpoint-1" / "model.safetensors";
  const std::string good = read_file(file);
  std::string bad = good;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  write_file_atomic(file, bad);
  const RunningService server(*backend, settings());
  const http::Response failed = server.post("/v1/completions", request(1, false));
  EXPECT_EQ(failed.status, 500) << failed.body;
  EXPECT_NE(failed.body.find("toy/checkpoint-1/model.safetensors"), std::string::npos);
  EXPECT_NE(failed.body.find("model_load_failed"), std::string::npos) << failed.body;
  EXPECT_EQ(failed.body.find(dir.path().string()), std::string::npos) << failed.body;
  write_file_atomic(file, good);
  EXPECT_EQ(server.post("/v1/completions", request(1, false)).status, 200);
}

TEST_F(Concurrency, ACheckpointIsSwappedUnderRunningStreams) {
  const RunningService server(*backend, settings());
  const std::string old = text_of(server.post("/v1/completions", request(1, false)));
  write_checkpoint(*backend, dir.path() / "expected", 2, 2);
  Json other = request(1, false);
  other["model"] = "expected";
  std::string newer;
  for (int i = 0; i < 1000 && !newer.starts_with("the model"); ++i) {
    const http::Response response = server.post("/v1/completions", other);
    if (response.status == 200) {
      newer = text_of(response);
      break;
    }
  }
  ASSERT_NE(newer, old);

  std::atomic<bool> is_done = false;
  std::atomic<int> n_old = 0;
  std::atomic<int> n_new = 0;
  std::atomic<int> n_strange = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      const auto client = server.client();
      while (!is_done) {
        const std::string text =
            text_of(client->request("POST", "/v1/completions", {}, request(1, true).dump()));
        (text == old ? n_old : text == newer ? n_new : n_strange) += 1;
      }
    });
  }
  while (n_old < 20) std::this_thread::yield();
  write_checkpoint(*backend, dir.path() / "toy", 2, 2);
  while (n_new < 20 && n_strange == 0) std::this_thread::yield();
  is_done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_strange, 0);
}

TEST_F(Concurrency, DrainingFinishesWhatRunsAndRefusesWhatComes) {
  const SystemClock clock;
  ServerSettings s = settings();
  s.http.port = 0;
  Service service(*backend, s, clock);
  std::thread thread([&] { service.run(); });
  const auto url = http::parse_url(fmt::format("http://127.0.0.1:{}", service.port()));
  http::Client client(url);
  EXPECT_EQ(client.request("POST", "/v1/completions", {}, request(1, false).dump()).status, 200);
  service.drain();
  thread.join();  // nothing runs: at once
  EXPECT_THROW(client.request("GET", "/health", {}, ""), Error);
}

}  // namespace
}  // namespace alpha
