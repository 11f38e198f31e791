#include "tests/server/support.h"

namespace alpha {
namespace {

using test::RunningService;

/// What a service answers, with a model that knows nothing.
class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    test::write_checkpoint(*backend, dir.path() / "toy", 1, 1);
    settings.roots = {dir.path()};
    settings.api_keys = {{"alice", "secret-one"}, {"bob", "secret-two"}};
    settings.on_access = [this](std::string_view line) { log += std::string(line) + "\n"; };
  }

  static http::Fields as(const std::string& key, http::Fields more = {}) {
    more.add("Authorization", "Bearer " + key);
    return more;
  }

  static Json json(const http::Response& response) { return Json::parse(response.body); }

  test::TempDir dir;
  std::unique_ptr<Backend> backend = make_backend("cpu", 1);
  ServerSettings settings;
  std::string log;
};

TEST_F(ServiceTest, PromptsOfBrokenUtf8HaveAnEndToo) {
  const RunningService server(*backend, settings);
  const auto response = server.client()->request(
      "GET", "/api/inference?query=%ff%fehello&steps=1&model=toy", as("secret-one"), "");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.ends_with("data: [DONE]\n\n")) << response.body;
  EXPECT_NE(response.body.find("hello"), std::string::npos);
}

TEST_F(ServiceTest, WhatIsComputedIsSharedWithinAKeyAlone) {
  const RunningService server(*backend, settings);
  const auto cached = [&](const char* key) {
    const Json body = {{"model", "toy"},
                       {"prompt", "the cat sat on the mat, the dog sat on the log, the cat sat"},
                       {"max_tokens", 1}};
    return json(server.client()->request(
        "POST", "/v1/completions", as(key),
        body.dump()))["usage"]["prompt_tokens_details"]["cached_tokens"]
        .get<int>();
  };
  EXPECT_EQ(cached("secret-one"), 0);
  EXPECT_GT(cached("secret-one"), 0);
  EXPECT_EQ(cached("secret-two"), 0);
}

TEST_F(ServiceTest, PagesOfOtherOriginsGetNoWorkDone) {
  const RunningService server(*backend, settings);
  const auto status = [&](const char* path, const http::Fields& headers) {
    return server.client()->request("GET", path, headers, "").status;
  };
  const char* work = "/api/generate?prompt=the&max_tokens=1";
  EXPECT_EQ(status(work, as("secret-one")), 200);
  EXPECT_EQ(status(work, as("secret-one", {{"Origin", "https://evil.example"}})), 403);
  EXPECT_EQ(status(work, as("secret-one", {{"Sec-Fetch-Site", "cross-site"}})), 403);
  EXPECT_EQ(status("/api/version", as("secret-one", {{"Sec-Fetch-Site", "cross-site"}})), 200);
}

TEST_F(ServiceTest, UnknownFieldsAreToldAlsoWithinOthers) {
  const RunningService server(*backend, settings);
  const Json body = {{"model", "toy"},
                     {"max_tokens", 1},
                     {"tempature", 1},
                     {"messages", {{{"role", "user"}, {"content", "the cat"}, {"colour", 1}}}},
                     {"response_format", {{"type", "text"}, {"foo", 1}}}};
  const auto response =
      server.client()->request("POST", "/v1/chat/completions", as("secret-one"), body.dump());
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(http::find_header(response.headers, "Warning"),
            "299 alpha \"unknown fields: tempature, response_format.foo, messages[0].colour\"");
}

TEST_F(ServiceTest, AStrictServiceRefusesUnknownFields) {
  settings.is_strict = true;
  const RunningService server(*backend, settings);
  const Json body = {{"model", "toy"}, {"prompt", "the"}, {"tempature", 1}};
  const auto response =
      server.client()->request("POST", "/v1/completions", as("secret-one"), body.dump());
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json(response)["error"]["param"], "tempature");
}

TEST_F(ServiceTest, APromptThatCannotFitIsNotCutIntoTokens) {
  const RunningService server(*backend, settings);
  const Json body = {{"model", "toy"}, {"prompt", std::string(900'000, 'x')}};
  const auto response =
      server.client()->request("POST", "/v1/completions", as("secret-one"), body.dump());
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json(response)["error"]["code"], "context_length_exceeded");
  EXPECT_NE(response.body.find("has 900000 bytes, at least"), std::string::npos) << response.body;
}

TEST_F(ServiceTest, MoreLogProbabilitiesThanAnAnswerShouldHaveAreRefused) {
  settings.max_sessions = 64;
  const RunningService server(*backend, settings);
  const Json body = {
      {"model", "toy"}, {"prompt", Json::array()}, {"n", 64}, {"max_tokens", 60}, {"logprobs", 20}};
  Json many = body;
  for (int i = 0; i < 10; ++i) many["prompt"].push_back("the cat");
  const auto response =
      server.client()->request("POST", "/v1/completions", as("secret-one"), many.dump());
  EXPECT_EQ(response.status, 400) << response.body.substr(0, 300);
  EXPECT_EQ(json(response)["error"]["param"], "logprobs");
}

TEST_F(ServiceTest, EveryRequestIsInTheLogWithoutItsPrompt) {
  {
    const RunningService server(*backend, settings);
    const Json body = {{"model", "toy"}, {"prompt", "the cat sat"}, {"max_tokens", 3}, {"seed", 1}};
    server.client()->request("POST", "/v1/completions", as("secret-two"), body.dump());
    server.client()->request("POST", "/v1/completions", as("wrong"), body.dump());
    server.client()->request("POST", "/v1/completions", as("secret-one"),
                             std::string(5'000'000, 'x'));
  }
  std::vector<Json> lines;
  for (std::size_t at = 0, end = 0; (end = log.find('\n', at)) != std::string::npos; at = end + 1) {
    lines.push_back(Json::parse(log.substr(at, end - at)));
  }
  ASSERT_EQ(lines.size(), 3U) << log;
  EXPECT_EQ(lines[0]["key"], "bob");
  EXPECT_EQ(lines[0]["model"], "toy");
  EXPECT_EQ(lines[0]["completion_tokens"], 3);
  EXPECT_EQ(lines[1]["status"], 401);
  EXPECT_EQ(lines[2]["status"], 413);
  EXPECT_EQ(log.find("cat"), std::string::npos);
  EXPECT_EQ(log.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace alpha
