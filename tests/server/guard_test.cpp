#include "alpha/server/guard.h"

#include <gtest/gtest.h>

#include "alpha/server/api_error.h"

namespace alpha {
namespace {

int status_of(const std::function<void()>& check) {
  try {
    check();
  } catch (const ApiError& error) {
    return error.status;
  }
  return 200;
}

int origin_status(const ServerSettings& settings, const std::string& method,
                  const http::Fields& headers) {
  const Guard guard(settings);
  return status_of([&] {
    const http::Request request{.method = method, .path = "/v1/models", .headers = headers};
    guard.check_host(request);
    if (method == "POST") guard.check_page(request);
  });
}

TEST(Guard, AnswersToTheNamesOfThisMachineAlone) {
  const ServerSettings settings;
  for (const char* host : {"localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]:8080"}) {
    EXPECT_EQ(origin_status(settings, "GET", {{"host", host}}), 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example"}) {
    EXPECT_EQ(origin_status(settings, "GET", {{"Host", host}}), 403) << host;
  }
  EXPECT_EQ(origin_status(settings, "GET", {}), 400);
}

TEST(Guard, AnswersToNamesThatAreAllowed) {
  ServerSettings settings;
  settings.allowed_hosts = {"Alpha.example"};
  EXPECT_EQ(origin_status(settings, "GET", {{"Host", "alpha.example:443"}}), 200);
  settings.http.address = "0.0.0.0";
  EXPECT_EQ(origin_status(settings, "GET", {{"Host", "other.example"}}), 403);
  settings.allowed_hosts = {};
  EXPECT_EQ(origin_status(settings, "GET", {{"Host", "other.example"}}), 403);
  EXPECT_EQ(origin_status(settings, "GET", {{"Host", "192.0.2.7:80"}}), 200);
  settings.api_keys = {{"alice", "secret-one"}};
  EXPECT_EQ(origin_status(settings, "GET", {{"Host", "other.example"}}), 200);
}

TEST(Guard, RefusesChangesByPagesOfForeignOrigin) {
  ServerSettings settings;
  const auto post = [&](const char* origin) {
    return origin_status(settings, "POST", {{"Host", "localhost:8080"}, {"Origin", origin}});
  };
  EXPECT_EQ(post("http://localhost:8080"), 200);
  EXPECT_EQ(post("http://localhost:9999"), 403);
  EXPECT_EQ(post("https://evil.example"), 403);
  EXPECT_EQ(post("null"), 403);
  settings.cors_origins = {"https://page.example"};
  EXPECT_EQ(post("https://page.example"), 200);
  EXPECT_EQ(post("https://page.example.evil"), 403);
  const auto site = [&](const char* value) {
    return origin_status(settings, "POST", {{"Host", "localhost"}, {"Sec-Fetch-Site", value}});
  };
  EXPECT_EQ(site("cross-site"), 403);
  EXPECT_EQ(site("same-origin"), 200);
  EXPECT_EQ(site("none"), 200);
}

TEST(Guard, TellsPagesOfAllowedOriginsThatTheyMayRead) {
  ServerSettings settings;
  settings.cors_origins = {"https://page.example"};
  const Guard guard(settings);
  http::Fields headers;
  guard.add_cors_headers({.method = "GET", .headers = {{"Origin", "https://page.example"}}},
                         headers);
  EXPECT_EQ(http::find_header(headers, "Access-Control-Allow-Origin"), "https://page.example");
  http::Fields others;
  guard.add_cors_headers({.method = "GET", .headers = {{"Origin", "https://evil.example"}}},
                         others);
  EXPECT_FALSE(http::find_header(others, "Access-Control-Allow-Origin"));
  EXPECT_FALSE(http::find_header(headers, "Access-Control-Allow-Credentials"));
}

TEST(Guard, KnowsItsKeysByNameAndNoOthers) {
  ServerSettings settings;
  settings.api_keys = {{"alice", "secret-one"}, {"bob", "secret-two"}};
  const Guard guard(settings);
  const auto name_of = [&](const std::string& header) {
    return guard.check_access({.headers = {{"Authorization", header}}}, Access::key);
  };
  EXPECT_EQ(name_of("Bearer secret-one"), "alice");
  EXPECT_EQ(name_of("bearer  secret-two"), "bob");
  for (const char* wrong :
       {"Bearer secret-on", "Bearer secret-one2", "secret-one", "Basic abc", "Bearer ", ""}) {
    EXPECT_EQ(status_of([&] { name_of(wrong); }), 401) << wrong;
  }
  EXPECT_EQ(status_of([&] { guard.check_access({}, Access::key); }), 401);
  EXPECT_EQ(guard.check_access({}, Access::open), "");
}

TEST(Guard, TakesReportsWithTheSecretAlone) {
  ServerSettings settings;
  settings.api_keys = {{"alice", "secret-one"}};
  const auto status = [&](const char* header) {
    const Guard guard(settings);
    return status_of([&] {
      guard.check_access({.headers = {{"Authorization", header}}}, Access::secret);
    });
  };
  EXPECT_EQ(status("Bearer secret-one"), 403);  // reports are off
  settings.upload_secret = "of-the-trainer";
  EXPECT_EQ(status("Bearer secret-one"), 401);
  EXPECT_EQ(status("Bearer of-the-trainer"), 200);
}

}  // namespace
}  // namespace alpha
