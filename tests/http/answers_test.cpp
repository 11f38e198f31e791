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

TEST(AnswersTest, AClientThatLeavesWhileItWaitsIsNoticed) {
  std::promise<void> left;
  auto future = left.get_future();
  std::promise<ExchangePtr> asked;
  auto asked_future = asked.get_future();
  RunningServer server([&](const ExchangePtr& exchange) {
    exchange->on_leave([&] { left.set_value(); });
    asked.set_value(exchange);
  });
  RawClient client(server.port());
  client.send(get("/"));
  ExchangePtr exchange = get_soon(asked_future);
  client.close();
  get_soon(future);
}

}  // namespace
}  // namespace alpha::http
