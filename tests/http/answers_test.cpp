#include <atomic>
#include <future>
#include <memory>
#include <string>

#include "tests/http/raw_client.h"
#include "tests/http/running_server.h"
#include <gtest/gtest.h>

namespace alpha::http {
namespace {

using test::get;
using test::get_soon;
using test::post;
using test::RawClient;
using test::RunningServer;

using ExchangePtr = std::shared_ptr<Exchange>;

/// Says what it was asked.
void echo(const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  exchange->respond({.body = request.method + " " + request.path + " " + request.body});
}

/// What follows the head.
std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(AnswersTest, AWholeAnswerHasTheServersHeadersAndItsLength) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->respond({.status = 201,
                       .body = "{}",
                       .content_type = "text/x",
                       .headers = {{"X-A", "b"}, {"Content-Length", "7"}}});
  });
  RawClient client(server.port());
  client.send(get("/"));
  const std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 201 Created\r\nServer: alpha\r\nDate: ")) << answer;
  EXPECT_TRUE(has(answer, "\r\nX-A: b\r\n"));
  EXPECT_TRUE(has(answer, "\r\nContent-Type: text/x\r\n"));
  EXPECT_TRUE(has(answer, "\r\nContent-Length: 2\r\n"));
  EXPECT_FALSE(has(answer, "Content-Length: 7"));
  EXPECT_EQ(body_of(answer), "{}");
}

TEST(AnswersTest, ARequestIsGivenDecoded) {
  std::promise<Request> seen;
  auto future = seen.get_future();
  RunningServer server([&](const ExchangePtr& exchange) {
    seen.set_value(exchange->request());
    exchange->respond({});
  });
  RawClient client(server.port());
  client.send(post("/v1/my%20model/a+b?x=1+2&y=%41&z&x=2", "hello", "X-Key:  some thing \r\n"));
  const Request request = get_soon(future);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/v1/my model/a+b");
  EXPECT_EQ(find_parameter(request.query, "x"), "1 2");
  EXPECT_EQ(find_parameter(request.query, "y"), "A");
  EXPECT_EQ(find_parameter(request.query, "z"), "");
  EXPECT_EQ(request.query.size(), 4u);
  EXPECT_EQ(find_header(request.headers, "x-key"), "some thing");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(request.client, "127.0.0.1");
  EXPECT_FALSE(request.is_tls);
}

TEST(AnswersTest, AConnectionTakesOneRequestAfterTheOther) {
  RunningServer server(echo);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(post("/" + std::to_string(i), "b"));
    EXPECT_EQ(body_of(client.read_answer()), "POST /" + std::to_string(i) + " b");
  }
  EXPECT_EQ(server.ask([&] { return server.server().n_connections(); }), 1u);
}

TEST(AnswersTest, RequestsSentAheadAreAnsweredInTheirOrder) {
  std::vector<ExchangePtr> waiting;
  RunningServer server([&](const ExchangePtr& exchange) {
    // The first of each pair is answered later, the second at once.
    if (exchange->request().path == "/slow")
      exchange->post([exchange] { echo(exchange); });
    else
      echo(exchange);
  });
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += get("/slow") + post("/fast", std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(body_of(client.read_answer()), "GET /slow ");
    EXPECT_EQ(body_of(client.read_answer()), "POST /fast " + std::to_string(i));
  }
}

TEST(AnswersTest, PiecesArriveAsTheyAreWritten) {
  std::promise<ExchangePtr> begun;
  auto future = begun.get_future();
  RunningServer server([&](const ExchangePtr& exchange) {
    exchange->begin({.content_type = "text/event-stream"});
    begun.set_value(exchange);
  });
  RawClient client(server.port());
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(future);
  const std::string head = client.read_to("\r\n\r\n");
  EXPECT_TRUE(has(head, "Transfer-Encoding: chunked\r\n")) << head;
  EXPECT_TRUE(has(head, "Content-Type: text/event-stream\r\n"));
  EXPECT_FALSE(has(head, "Content-Length"));
  exchange->post([&] { exchange->write("one"); });
  EXPECT_EQ(client.read_bytes(8), "3\r\none\r\n");
  exchange->post([&] {
    exchange->write("");
    exchange->write("two");
    exchange->write(std::string(26, 'x'));
    exchange->end();
  });
  EXPECT_EQ(client.read_to("0\r\n\r\n"),
            "3\r\ntwo\r\n1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

TEST(AnswersTest, HeadIsAnsweredWithTheLengthAlone) {
  RunningServer server(echo);
  RawClient client(server.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + get("/b"));
  EXPECT_TRUE(has(client.read_to("\r\n\r\n"), "Content-Length: 8\r\n"));
  EXPECT_EQ(body_of(client.read_answer()), "GET /b ");
}

TEST(AnswersTest, HeadOfAStreamIsItsHead) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->begin({.body = "a"});
    exchange->write("b");
    exchange->end();
  });
  RawClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/"));
  EXPECT_TRUE(has(client.read_to("\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(has(client.read_to("\r\n\r\n"), "HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(client.read_to("0\r\n\r\n"), "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
}

TEST(AnswersTest, NoContentAndNotModifiedHaveNoBody) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->respond({.status = exchange->request().path == "/204" ? 204 : 304, .body = "x"});
  });
  RawClient client(server.port());
  client.send(get("/204") + get("/304", "Connection: close\r\n"));
  const std::string answers = client.read_all();
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 204 No Content\r\n")) << answers;
  EXPECT_FALSE(has(answers, "Content-Length"));
  EXPECT_TRUE(answers.ends_with("\r\n\r\n"));
  EXPECT_EQ(body_of(answers).substr(0, 25), "HTTP/1.1 304 Not Modified");
}

TEST(AnswersTest, TheConnectionIsClosedWhereTheClientWantsThat) {
  RunningServer server(echo);
  RawClient client(server.port());
  client.send(get("/a", "Connection: close\r\n"));
  const std::string answer = client.read_all();
  EXPECT_TRUE(has(answer, "\r\nConnection: close\r\n"));
  EXPECT_EQ(body_of(answer), "GET /a ");
}

TEST(AnswersTest, AnOldClientKeepsItsConnectionOnlyWhenItAsks) {
  RunningServer server(echo);
  RawClient client(server.port());
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(has(client.read_answer(), "\r\nConnection: keep-alive\r\n"));
  client.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(has(client.read_all(), "\r\nConnection: close\r\n"));
}

TEST(AnswersTest, AStreamForAnOldClientEndsWithItsConnection) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->begin({.body = "one "});
    exchange->write("two");
    exchange->end();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_TRUE(has(answer, "\r\nConnection: close\r\n"));
  EXPECT_FALSE(has(answer, "Transfer-Encoding"));
  EXPECT_EQ(body_of(answer), "one two");
}

TEST(AnswersTest, AClientThatWaitsToContinueIsToldTo) {
  RunningServer server(echo);
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_to("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(body_of(client.read_answer()), "POST /a hi");
}

TEST(AnswersTest, AClientWhoseBodyIsThereIsNotToldToContinue) {
  RunningServer server(echo);
  RawClient client(server.port());
  client.send(post("/a", "hi", "Expect: 100-continue\r\n"));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200 OK"));
}

TEST(AnswersTest, AChunkedRequestIsPutTogether) {
  RunningServer server(echo);
  RawClient client(server.port());
  client.send(
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\none\r\n4;x=y\r\n two\r\n0\r\nTrailer: z\r\n\r\n" +
      get("/b"));
  EXPECT_EQ(body_of(client.read_answer()), "POST /a one two");
  EXPECT_EQ(body_of(client.read_answer()), "GET /b ");
}

TEST(AnswersTest, ARequestMayComeByteByByte) {
  RunningServer server(echo);
  RawClient client(server.port());
  const std::string requests =
      "\r\n" + post("/a", "hello") +
      "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n2\r\nyz\r\n"
      "0\r\n\r\n";
  for (const char c : requests) client.send({&c, 1});
  EXPECT_EQ(body_of(client.read_answer()), "POST /a hello");
  EXPECT_EQ(body_of(client.read_answer()), "POST /b xyz");
}

TEST(AnswersTest, ATargetWithAHostIsAPath) {
  RunningServer server(echo);
  RawClient client(server.port());
  client.send(get("http://example.org/a?b") + get("http://example.org"));
  EXPECT_EQ(body_of(client.read_answer()), "GET /a ");
  EXPECT_EQ(body_of(client.read_answer()), "GET / ");
}

TEST(AnswersTest, ALargeBodyComesAndGoesWhole) {
  RunningServer server(
      [](const ExchangePtr& exchange) { exchange->respond({.body = exchange->request().body}); });
  RawClient client(server.port());
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i);
  std::thread sender([&] { client.send(post("/", body)); });
  const std::string answer = client.read_answer();
  sender.join();
  EXPECT_EQ(body_of(answer), body);
}

TEST(AnswersTest, WhatAHandlerThrowsIsAnsweredWithoutDetails) {
  RunningServer server([](const ExchangePtr&) { throw std::runtime_error("the secret\nbroke"); });
  RawClient client(server.port());
  client.send(get("/a"));
  const std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_EQ(
      body_of(answer),
      R"({"error":{"message":"internal error","type":"server_error","param":null,"code":null}})");
  server.stop();
  EXPECT_EQ(server.problems(), std::vector<std::string>{"GET /a: the secret?broke"});
}

TEST(AnswersTest, AHandlerThatThrowsInTheMiddleOfAnAnswerClosesTheConnection) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->begin({.body = "a"});
    throw std::runtime_error("broken");
  });
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_FALSE(has(client.read_all(), "0\r\n\r\n"));
}

TEST(AnswersTest, AnExchangeLetGoWithoutAnAnswerIsAnswered) {
  RunningServer server([](const ExchangePtr&) {});
  RawClient client(server.port());
  client.send(get("/a") + get("/b"));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 500 "));
}

TEST(AnswersTest, AnExchangeLetGoOnAnotherThreadIsAnswered) {
  std::promise<ExchangePtr> asked;
  auto future = asked.get_future();
  RunningServer server([&](const ExchangePtr& exchange) { asked.set_value(exchange); });
  RawClient client(server.port());
  client.send(get("/a"));
  get_soon(future).reset();
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 500 "));
}

TEST(AnswersTest, AHeaderThatWouldWriteOthersIsRefused) {
  RunningServer server([](const ExchangePtr& exchange) {
    if (exchange->request().path == "/value") exchange->respond({.headers = {{"A", "b\r\nC: d"}}});
    if (exchange->request().path == "/name") exchange->begin({.headers = {{"A: b\r\nC", "d"}}});
    if (exchange->request().path == "/type") exchange->respond({.content_type = "a\nC: d"});
  });
  RawClient client(server.port());
  for (const char* path : {"/value", "/name", "/type"}) {
    client.send(get(path));
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
    EXPECT_FALSE(has(answer, "C: d")) << answer;
  }
}

TEST(AnswersTest, CallsAfterTheAnswerDoNothing) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->respond({.body = "a"});
    exchange->respond({.body = "b"});
    exchange->begin({.body = "c"});
    exchange->write("d");
    exchange->end();
  });
  RawClient client(server.port());
  client.send(get("/", "Connection: close\r\n"));
  EXPECT_EQ(body_of(client.read_all()), "a");
}

TEST(AnswersTest, StatusAndBytesAreThereWhenItIsDone) {
  std::promise<std::pair<int, std::size_t>> done;
  auto future = done.get_future();
  RunningServer server([&](const ExchangePtr& exchange) {
    // The hook holds its own exchange, which must not keep it alive for ever.
    exchange->on_done([&done, exchange](const Outcome& outcome) {
      done.set_value({outcome.status, outcome.body_bytes});
    });
    exchange->begin({.status = 202, .body = "abc"});
    exchange->write("de");
    exchange->end();
  });
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_EQ(get_soon(future), std::make_pair(202, std::size_t{5}));
}

TEST(AnswersTest, TheHookOfAnAnswerThatIsDoneIsCalled) {
  std::promise<ExchangePtr> asked;
  auto future = asked.get_future();
  RunningServer server([&](const ExchangePtr& exchange) {
    exchange->on_done([&asked, exchange](const Outcome&) { asked.set_value(exchange); });
    exchange->respond({});
  });
  RawClient client(server.port());
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(future);
  std::promise<void> late;
  auto late_future = late.get_future();
  server.server().post([&] {
    exchange->on_leave([] { FAIL() << "nobody has left"; });
    exchange->on_done([&](const Outcome&) { late.set_value(); });
  });
  get_soon(late_future);
}

}  // namespace
}  // namespace alpha::http
