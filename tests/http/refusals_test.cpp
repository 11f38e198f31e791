#include <atomic>
#include <memory>
#include <string>

#include "tests/http/raw_client.h"
#include "tests/http/running_server.h"
#include <gtest/gtest.h>

namespace alpha::http {
namespace {

using test::get;
using test::post;
using test::RawClient;
using test::RunningServer;

/// A server that says "never" to what should not have reached it.
class RefusalsTest : public testing::Test {
 protected:
  /// Everything that comes for `bytes` until the server closes.
  std::string answer_to(const std::string& bytes) {
    RawClient client(server_.port());
    client.send(bytes);
    return client.read_all();
  }

  void expect_refused(const std::string& bytes, int status, const std::string& message) {
    const std::string answer = answer_to(bytes);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << answer;
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
    const std::string type = status >= 500 ? "server_error" : "invalid_request_error";
    EXPECT_NE(answer.find(R"({"error":{"message":")" + message + R"(","type":")" + type +
                          R"(","param":null,"code":null}})"),
              std::string::npos)
        << answer;
  }

  RunningServer server_{
      [](const std::shared_ptr<Exchange>& exchange) { exchange->respond({.body = "never"}); },
      {.max_header_bytes = 1000, .max_body_bytes = 100}};
};

TEST_F(RefusalsTest, ARequestLineThatIsNone) {
  expect_refused("hello\r\n\r\n", 400, "not a request of HTTP: bad method");
  expect_refused("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a request of HTTP: bad version");
  expect_refused("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a request of HTTP: bad method");
}

TEST_F(RefusalsTest, HeadersThatAreNone) {
  expect_refused("GET / HTTP/1.1\r\nHost a\r\n\r\n", 400, "not a request of HTTP: bad field");
  expect_refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "not a request of HTTP: bad field");
  expect_refused(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29), 400,
                 "not a request of HTTP: bad value");
}

TEST_F(RefusalsTest, AVersionThatIsNotSpoken) {
  expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "expected HTTP/1.1 or HTTP/1.0");
  expect_refused("GET / HTTP/0.9\r\n\r\n", 505, "expected HTTP/1.1 or HTTP/1.0");
}

TEST_F(RefusalsTest, NoHostOrTwo) {
  expect_refused("GET / HTTP/1.1\r\n\r\n", 400, "0 Host headers, expected one");
  expect_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400,
                 "2 Host headers, expected one");
}

TEST_F(RefusalsTest, ATargetThatDoesNotDecode) {
  const std::string why = "the target has a % without two hex digits, or a zero byte";
  expect_refused(get("/%2"), 400, why);
  expect_refused(get("/%zz"), 400, why);
  expect_refused(get("/a%00b"), 400, why);
  expect_refused(get("/?a=%"), 400, why);
}

TEST_F(RefusalsTest, AHeaderThatIsTooLarge) {
  expect_refused(get("/", "X: " + std::string(2000, 'x') + "\r\n"), 431,
                 "the header has more than 1000 bytes");
  expect_refused(get("/" + std::string(2000, 'x')), 431, "the header has more than 1000 bytes");
}

TEST_F(RefusalsTest, AHeaderThatHasNoEnd) {
  RawClient client(server_.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 30; ++i) client.send("X: " + std::string(40, 'y') + "\r\n");
  EXPECT_NE(client.read_all().find(" 431 "), std::string::npos);
}

TEST_F(RefusalsTest, AHeaderFieldThatHasNoEnd) {
  RawClient client(server_.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(980, 'x'));
  EXPECT_NE(client.read_all().find(" 431 "), std::string::npos);
}

TEST_F(RefusalsTest, MoreThanAHundredHeaderFields) {
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "A:\r\n";
  RawClient client(server_.port());
  client.send(get("/", fields));
  EXPECT_NE(client.read_answer().find("200 OK"), std::string::npos);
  expect_refused(get("/", fields + "A:\r\n"), 431, "more than 100 header fields");
}

TEST_F(RefusalsTest, ABodyThatIsAnnouncedTooLarge) {
  expect_refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413,
                 "the body has 101 bytes, expected at most 100");
}

TEST_F(RefusalsTest, ABodyThatIsTooLargeIsReadSoThatTheAnswerIsSeen) {
  expect_refused(post("/", std::string(3'000'000, 'x')), 413,
                 "the body has 3000000 bytes, expected at most 100");
}

TEST_F(RefusalsTest, AChunkedBodyThatBecomesTooLarge) {
  const std::string chunk = "20\r\n" + std::string(32, 'x') + "\r\n";
  expect_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk +
                     chunk + chunk + chunk,
                 413, "the body has more than 100 bytes");
}

TEST_F(RefusalsTest, AChunkThatIsNone) {
  expect_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400,
                 "not a request of HTTP: bad chunk");
}

TEST_F(RefusalsTest, AChunkHeaderWithoutEnd) {
  expect_refused(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(2000, 'x'),
      400,
      "the line before a chunk, or what follows the last one, has more than 1000 "
      "bytes");
}

TEST_F(RefusalsTest, TwoReadingsOfTheLengthOfABody) {
  const std::string why = "a Content-Length that is no number, or beside a Transfer-Encoding";
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string length = "Content-Length: 5\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  expect_refused(head + length + chunked + "\r\n0\r\n\r\n", 400, why);
  expect_refused(head + chunked + length + "\r\n0\r\n\r\n", 400, why);
  expect_refused(head + "Content-Length: five\r\n\r\n", 400, why);
  expect_refused(head + "Content-Length: -5\r\n\r\n", 400, why);
  expect_refused(head + "Content-Length: 99999999999999999999999\r\n\r\n", 400, why);
  expect_refused(head + length + "Content-Length: 6\r\n\r\nhello", 400,
                 "several Content-Length that differ");
  expect_refused(head + "Content-Length: 5, 6\r\n\r\nhello", 400,
                 "several Content-Length that differ");
  expect_refused("POST / HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n", 400,
                 "a Transfer-Encoding, which HTTP/1.0 does not have");
}

TEST_F(RefusalsTest, ATransferCodingThatIsNotKnown) {
  const std::string why = "a transfer coding that is not known, expected chunked";
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  expect_refused(head + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, why);
  expect_refused(head + "Transfer-Encoding: gzip\r\n\r\n", 501, why);
  expect_refused(head + "Transfer-Encoding: xchunked\r\n\r\n", 501, why);
}

TEST_F(RefusalsTest, AnExpectationThatIsNotKnown) {
  expect_refused(get("/", "Expect: miracles\r\n"), 417,
                 "an Expect that is not known, expected 100-continue");
}

TEST_F(RefusalsTest, WhatFollowsARefusedRequestIsNotAnswered) {
  const std::string answer = answer_to("bad\r\n\r\n" + get("/"));
  EXPECT_EQ(answer.find("never"), std::string::npos);
}

TEST_F(RefusalsTest, TheRequestsBeforeARefusedOneAreAnswered) {
  const std::string answer = answer_to(get("/") + get("/") + "bad\r\n\r\n");
  const std::size_t first = answer.find("never");
  const std::size_t second = answer.find("never", first + 1);
  EXPECT_NE(second, std::string::npos);
  EXPECT_NE(answer.find(" 400 ", second), std::string::npos);
}

TEST_F(RefusalsTest, ConnectAndTraceAreForTheHandler) {
  RawClient client(server_.port());
  client.send("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\nTRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_answer().find("never"), std::string::npos);
  EXPECT_NE(client.read_answer().find("never"), std::string::npos);
}

TEST(BodiesTest, MoreBodiesThanTheServerHasMemoryForAreToldToComeAgain) {
  RunningServer server(
      [](const std::shared_ptr<Exchange>& exchange) { exchange->respond({.body = "taken"}); },
      {.max_bodies_bytes = 1000});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 700\r\n\r\n";
  RawClient first(server.port());
  first.send(head + std::string(600, 'x'));
  // Once the server has read that, there is room for less than the second.
  while (server.ask([&] { return server.server().n_connections(); }) == 0) {
  }
  RawClient second(server.port());
  second.send(head + std::string(700, 'y'));
  const std::string refused = second.read_all();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  first.send(std::string(100, 'x'));
  EXPECT_NE(first.read_answer().find("taken"), std::string::npos);
  RawClient third(server.port());
  third.send(head + std::string(700, 'z'));
  EXPECT_NE(third.read_answer().find("taken"), std::string::npos);
}

TEST(HeadsTest, ABodyIsNotWaitedForWhereTheHeadIsRefused) {
  std::atomic<int> status = 0;
  RunningServer server(
      [](const std::shared_ptr<Exchange>& exchange) { exchange->respond({.body = "taken"}); },
      {.check_head = [](const Request& head) -> std::optional<Response> {
         if (head.path == "/open") return {};
         return Response{.status = 401, .body = "no"};
       },
       .on_refusal = [&](int refused, const std::string&) { status = refused; }});
  RawClient stranger(server.port());
  stranger.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = stranger.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 401 ")) << answer;
  EXPECT_EQ(status, 401);
  RawClient friendly(server.port());
  friendly.send("POST /open HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
  friendly.send("ok");
  EXPECT_NE(friendly.read_answer().find("taken"), std::string::npos);
}

}  // namespace
}  // namespace alpha::http
