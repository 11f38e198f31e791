#include <set>

#include "tests/http/raw_client.h"
#include "tests/server/support.h"

namespace alpha {
namespace {

using test::RunningService;

class SystemRoutes : public testing::Test {
 protected:
  SystemRoutes() {
    for (const char* name : {"toy", "other"}) {
      test::write_checkpoint(*backend, dir.path() / name, 1, 1);
    }
    settings.roots = {dir.path()};
    settings.version = "1.2.3";
    settings.n_threads = 1;
    settings.libraries = {{"onednn", "9.9"}};
  }

  static Json system(const RunningService& server) {
    const http::Response response = server.get("/api/system");
    EXPECT_EQ(response.status, 200) << response.body;
    return Json::parse(response.body);
  }

  test::TempDir dir;
  std::unique_ptr<Backend> backend = make_backend("cpu", 1);
  ServerSettings settings;
};

TEST_F(SystemRoutes, SaysWhatItIs) {
  const RunningService server(*backend, settings);
  const Json seen = system(server);
  EXPECT_EQ(seen["version"], "1.2.3");
  EXPECT_EQ(seen["backend"], "cpu");
  EXPECT_EQ(seen["n_threads"], 1);
  EXPECT_EQ(seen["is_draining"], false);
  EXPECT_GT(seen["started_at"], 1'600'000'000'000);
  EXPECT_GT(seen["memory"]["resident_bytes"], 1'000'000);
  EXPECT_EQ(seen["memory"]["max_models_bytes"], settings.max_model_bytes);
  EXPECT_GE(seen["connections"], 1);
  EXPECT_EQ(seen["folders"], Json::array({dir.path().string()}));
  EXPECT_GE(seen["host"]["n_cpus"], 1);
  EXPECT_GT(seen["host"]["memory_bytes"], 1'000'000);
  EXPECT_TRUE(seen["host"]["os"].get<std::string>().starts_with("Linux "));
  EXPECT_NE(seen["host"]["cpu"], "");
  EXPECT_EQ(seen["versions"]["alpha"], "1.2.3");
  EXPECT_EQ(seen["versions"]["onednn"], "9.9");
  for (const char* name : {"compiler", "boost", "openssl", "fmt", "nlohmann_json"}) {
    EXPECT_NE(seen["versions"].value(name, ""), "") << name;
  }
  const Json none = {{"prompt_total", 0}, {"cached_total", 0}, {"generated_total", 0}};
  EXPECT_EQ(seen["tokens"], none);
  EXPECT_EQ(seen["models"], Json::array());
}

TEST_F(SystemRoutes, NumbersMoveWithTheWorkAndAreThoseOfTheMetrics) {
  const RunningService server(*backend, settings);
  std::int64_t n_prompt = 0;
  std::int64_t n_generated = 0;
  std::int64_t n_cached = 0;
  for (const char* model : {"toy", "toy", "other"}) {
    const Json body = {{"model", model},
                       {"prompt", "the cat sat on the mat, the dog sat on the log, the cat sat"},
                       {"max_tokens", 7},
                       {"ignore_eos", true}};
    const Json usage = Json::parse(server.post("/v1/completions", body).body)["usage"];
    n_prompt += usage["prompt_tokens"].get<std::int64_t>();
    n_generated += usage["completion_tokens"].get<std::int64_t>();
    n_cached += usage["prompt_tokens_details"]["cached_tokens"].get<std::int64_t>();
  }
  Json seen = system(server);  // the last session ends with the step behind its last token
  for (int i = 0; i < 2000 && seen["requests"]["running"] != 0; ++i) seen = system(server);
  const Json totals = {
      {"prompt_total", n_prompt}, {"cached_total", n_cached}, {"generated_total", n_generated}};
  EXPECT_EQ(seen["tokens"], totals);
  EXPECT_EQ(n_generated, 21);
  EXPECT_GT(n_cached, 0);
  const Json& requests = seen["requests"];
  EXPECT_EQ(requests["finished_total"], 3);
  EXPECT_EQ(requests["running"], 0);
  EXPECT_EQ(requests["waiting"], 0);
  EXPECT_EQ(requests["max_sessions"], settings.max_sessions);
  EXPECT_EQ(requests["max_waiting"], settings.max_waiting);
  ASSERT_EQ(seen["models"].size(), 2U);
  double model_bytes = 0;
  for (const Json& row : seen["models"]) {
    const std::string label = fmt::format(R"({{model="{}"}})", row["id"].get<std::string>());
    const auto gauge = [&](const std::string& name) { return server.metric(name + label); };
    EXPECT_EQ(row["prompt_total"], gauge("alpha_prompt_tokens_total"));
    EXPECT_EQ(row["generated_total"], gauge("alpha_generated_tokens_total"));
    EXPECT_EQ(row["size_bytes"], gauge("alpha_model_bytes"));
    EXPECT_EQ(row["preemptions"], 0);
    EXPECT_EQ(row["kv_blocks_used"], 0);
    EXPECT_GT(row["kv_blocks_cached"], 0);
    EXPECT_GT(row["kv_blocks_free"], 0);
    model_bytes += row["size_bytes"].get<double>();
  }
  EXPECT_EQ(seen["memory"]["models_bytes"], model_bytes);
}

TEST_F(SystemRoutes, TokensAreCountedWhileTheyAreWritten) {
  settings.max_sessions = 1;
  const RunningService server(*backend, settings);
  const Json body = {{"model", "toy"},   {"prompt", std::vector<std::string>(16, "the cat sat")},
                     {"max_tokens", 40}, {"ignore_eos", true},
                     {"stream", true},   {"temperature", 0}};
  std::set<std::int64_t> seen;
  for (int i = 0; i < 50 && seen.size() < 2; ++i) {
    seen.clear();
    const Json before = system(server);
    http::test::RawClient client(server.port());
    client.send(
        fmt::format("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    body.dump().size(), body.dump()));
    client.read_to("data: ");
    for (Json now = system(server);
         now["requests"]["finished_total"] == before["requests"]["finished_total"];
         now = system(server)) {
      const auto n_written = now["tokens"]["generated_total"].get<std::int64_t>() -
                             before["tokens"]["generated_total"].get<std::int64_t>();
      if (n_written > 0) seen.insert(n_written);
    }
    const Json after = system(server);
    EXPECT_EQ(after["tokens"]["generated_total"],
              before["tokens"]["generated_total"].get<std::int64_t>() + 16 * 40);
  }
  EXPECT_GE(seen.size(), 2U);
}

TEST_F(SystemRoutes, WantsAKeyWhereThereAreSome) {
  settings.api_keys = {{"alice", "secret-one"}};
  const RunningService server(*backend, settings);
  const http::Response refused = server.get("/api/system");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(Json::parse(refused.body)["error"].is_string()) << refused.body;
}

}  // namespace
}  // namespace alpha
