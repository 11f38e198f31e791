#include <atomic>

#include "tests/server/support.h"

namespace alpha {
namespace {

using test::RunningService;

class ModelRoutes : public testing::Test {
 protected:
  ModelRoutes() {
    for (const std::int64_t step : {1, 2}) {
      test::write_checkpoint(*backend, dir.path() / "a toy", step, 1);
    }
    settings.roots = {dir.path()};
  }

  static Json request(int seed) {
    return {{"model", "a toy"},
            {"prompt", "the cat"},
            {"max_tokens", 40},
            {"seed", seed},
            {"ignore_eos", true}};
  }

  static http::Response post(const RunningService& server, const std::string& path) {
    return server.client()->request("POST", path, {}, "");
  }

  static Json row(const http::Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return Json::parse(response.body);
  }

  static std::string text_of(const http::Response& response) {
    if (response.status != 200) return fmt::format("{}: {}", response.status, response.body);
    return Json::parse(response.body)["choices"][0]["text"];
  }

  test::TempDir dir;
  std::unique_ptr<Backend> backend = make_backend("cpu", 2);
  ServerSettings settings;
};

TEST_F(ModelRoutes, AModelIsLoadedLetGoOfAndLoadedAgain) {
  const RunningService server(*backend, settings);
  const Json before = row(server.get("/v1/models/a%20toy"));
  EXPECT_EQ(before["is_loaded"], false);
  EXPECT_EQ(before["is_loading"], false);
  EXPECT_EQ(before["loaded_bytes"], nullptr);
  EXPECT_EQ(before["loaded_steps"], Json::array());
  EXPECT_GT(before["size_bytes"], 1000);
  for (int i = 1; i <= 2; ++i) {
    const Json loaded = row(post(server, "/api/models/a%20toy/load"));
    EXPECT_EQ(loaded["id"], "a toy");
    EXPECT_EQ(loaded["is_loaded"], true);
    EXPECT_EQ(loaded["loaded_steps"], Json::array({2}));
    EXPECT_GT(loaded["loaded_bytes"], 1000);
    EXPECT_EQ(loaded, row(server.get("/v1/models/a%20toy")));
    EXPECT_EQ(loaded, row(server.get("/v1/models"))["data"][0]);
    EXPECT_EQ(row(post(server, "/api/models/a%20toy/load")), loaded);  // once
    EXPECT_EQ(server.metric("alpha_model_loads"), i);
    EXPECT_EQ(row(post(server, "/api/models/a%20toy/unload")), before);
    EXPECT_EQ(row(server.get("/api/system"))["models"], Json::array());
  }
  EXPECT_EQ(server.post("/v1/completions", request(1)).status, 200);
  EXPECT_EQ(server.metric("alpha_model_loads"), 3);
}

TEST_F(ModelRoutes, AStepIsLoadedAndLetGoOfBesideTheLatest) {
  const RunningService server(*backend, settings);
  EXPECT_EQ(row(post(server, "/api/models/a%20toy@1/load"))["step"], 1);
  EXPECT_EQ(row(post(server, "/api/models/a%20toy/load"))["loaded_steps"], Json::array({1, 2}));
  EXPECT_EQ(row(post(server, "/api/models/a%20toy%401/unload"))["loaded_steps"], Json::array({2}));
  EXPECT_EQ(post(server, "/api/models/a%20toy@1/unload").status, 409);
  EXPECT_EQ(row(post(server, "/api/models/a%20toy@2/unload"))["loaded_steps"], Json::array());
  EXPECT_EQ(post(server, "/api/models/a%20toy/unload").status, 409);
}

TEST_F(ModelRoutes, WhatCannotBeSaysSoInTheShapeOfItsRoutes) {
  const RunningService server(*backend, settings);
  const auto error = [&](const std::string& path, int status) {
    const http::Response response = post(server, path);
    EXPECT_EQ(response.status, status) << response.body;
    return Json::parse(response.body)["error"].get<std::string>();
  };
  EXPECT_EQ(error("/api/models/a%20toy/unload", 409), "the model 'a toy' is not loaded");
  EXPECT_EQ(error("/api/models/a%20tyo/unload", 404),
            "the model 'a tyo' does not exist; did you mean 'a toy'?");
  EXPECT_EQ(error("/api/models/a%20toy@7/load", 404),
            "the model 'a toy@7' does not exist: there is no checkpoint '7' of 'a toy'");
  write_file_atomic(dir.path() / "a toy" / "checkpoint-1" / "model.safetensors", "damaged");
  const std::string damaged = error("/api/models/a%20toy@1/load", 500);
  EXPECT_NE(damaged.find("cannot be loaded"), std::string::npos) << damaged;
  EXPECT_EQ(damaged.find(dir.path().string()), std::string::npos) << damaged;
  const http::Response get = server.get("/api/models/a%20toy/load");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(http::find_header(get.headers, "Allow"), "POST");
  const http::Response cross = server.client()->request("POST", "/api/models/a%20toy/load",
                                                        {{"Origin", "https://evil.example"}}, "");
  EXPECT_EQ(cross.status, 403);
}

TEST_F(ModelRoutes, TextsThatAreBeingWrittenEndWithTheirModel) {
  const RunningService server(*backend, settings);
  std::vector<std::string> alone;
  for (int i = 0; i < 8; ++i) {
    alone.push_back(text_of(server.post("/v1/completions", request(i))));
  }
  std::atomic<bool> is_done = false;
  std::atomic<int> n_texts = 0;
  std::atomic<int> n_strange = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto client = server.client();
      for (int i = t; !is_done; i = (i + 1) % 8) {
        const auto response = client->request("POST", "/v1/completions", {}, request(i).dump());
        if (text_of(response) != alone[static_cast<std::size_t>(i)]) ++n_strange;
        ++n_texts;
      }
    });
  }
  int n_unloaded = 0;
  while (n_strange == 0 && (n_unloaded < 20 || n_texts < 60)) {
    const int status = post(server, "/api/models/a%20toy/unload").status;
    EXPECT_TRUE(status == 200 || status == 409) << status;
    if (status == 200) ++n_unloaded;
  }
  is_done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_strange, 0);
}

}  // namespace
}  // namespace alpha
