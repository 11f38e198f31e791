#include "alpha/http/client.h"

#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tests/http/raw_client.h"
#include "tests/http/running_server.h"
#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha::http {
namespace {

using test::get_soon;
using test::RunningServer;

using ExchangePtr = std::shared_ptr<Exchange>;

Url url_of(std::uint16_t port, const std::string& path = "") {
  return {.host = "127.0.0.1", .port = std::to_string(port), .path = path};
}

/// Gives each connection it is asked for the next of its answers, whatever comes, and closes it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(fd_, 8) != 0) {
      throw std::runtime_error("cannot listen");
    }
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answers = std::move(answers)] {
      for (const std::string& answer : answers) serve(answer);
    });
  }

  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  ~ScriptedServer() {
    thread_.join();
    ::close(fd_);
  }

  std::uint16_t port() const { return port_; }

 private:
  void serve(const std::string& answer) const {
    const int client = ::accept(fd_, nullptr, nullptr);
    std::string request;
    char byte = 0;
    while (request.find("\r\n\r\n") == std::string::npos && ::recv(client, &byte, 1, 0) == 1) {
      request += byte;
    }
    ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    ::close(client);
  }

  int fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string problem_of(Client& client, ErrorCode code = ErrorCode::io) {
  try {
    client.request("GET", "/", {}, "");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "none";
}

TEST(ClientTest, ARequestArrivesAsItIsMeant) {
  RunningServer server([](const ExchangePtr& exchange) {
    const Request& request = exchange->request();
    const std::string host(find_header(request.headers, "host").value_or("none"));
    const std::string key(find_header(request.headers, "x-key").value_or("none"));
    exchange->respond(
        {.status = 201,
         .body = request.method + " " + request.path + " " + key + " " + host + " " + request.body,
         .content_type = "text/x",
         .headers = {{"X-Own", "mine"}}});
  });
  Client client(url_of(server.port(), "/v1"));
  const Response response = client.request("POST", "/a%20b", {{"X-Key", "secret"}}, "body");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body,
            "POST /v1/a b secret 127.0.0.1:" + std::to_string(server.port()) + " body");
  EXPECT_EQ(response.content_type, "text/x");
  EXPECT_EQ(find_header(response.headers, "x-own"), "mine");
}

TEST(ClientTest, OneConnectionServesManyRequests) {
  RunningServer server([](const ExchangePtr& exchange) { exchange->respond({}); });
  Client client(url_of(server.port()));
  for (const char* method : {"GET", "POST", "HEAD", "DELETE", "GET"}) {
    EXPECT_EQ(client.request(method, "/", {}, "").status, 200);
    EXPECT_EQ(server.ask([&] { return server.server().n_connections(); }), 1u);
  }
}

TEST(ClientTest, AChunkedAnswerIsPutTogether) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->begin({.body = "one "});
    for (int i = 0; i < 1000; ++i) exchange->write(std::to_string(i));
    exchange->end();
  });
  Client client(url_of(server.port()));
  EXPECT_EQ(client.request("GET", "/", {}, "").body.size(), 4u + 10 + 180 + 2700);
}

TEST(ClientTest, AnAnswerMayEndWithItsConnection) {
  const ScriptedServer server({"HTTP/1.0 200 OK\r\n\r\nall of it"});
  Client client(url_of(server.port()));
  EXPECT_EQ(client.request("GET", "/", {}, "").body, "all of it");
}

TEST(ClientTest, AnAnswerThatSaysToGoOnIsPassedOver) {
  const ScriptedServer server(
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
  Client client(url_of(server.port()));
  EXPECT_EQ(client.request("GET", "/", {}, "").body, "ok");
}

TEST(ClientTest, AKeptConnectionThatIsClosedMeanwhileIsReplaced) {
  RunningServer server([](const ExchangePtr& exchange) { exchange->respond({.body = "ok"}); },
                       {.idle_timeout_ms = 20});
  Client client(url_of(server.port()));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.request("GET", "/", {}, "").body, "ok");
    server.wait_for_connections(0);
  }
}

TEST(ClientTest, AKeptConnectionThatIsClosedOnTheNextRequestIsReplaced) {
  int n_requests = 0;
  RunningServer* running = nullptr;
  RunningServer server([&](const ExchangePtr& exchange) {
    // Begun and let go: the connection is closed, here before a byte is on its way.
    if (++n_requests == 2) return exchange->begin({});
    exchange->respond({.body = std::to_string(n_requests)});
  });
  running = &server;
  Client client(url_of(running->port()));
  EXPECT_EQ(client.request("GET", "/", {}, "").body, "1");
  EXPECT_EQ(client.request("POST", "/", {}, "").body, "3");
}

TEST(ClientTest, AFreshConnectionThatIsClosedIsAnError) {
  const ScriptedServer server({""});
  Client client(url_of(server.port()));
  EXPECT_EQ(problem_of(client), "[http] http://127.0.0.1:" + std::to_string(server.port()) +
                                    ": no answer: the connection was closed");
}

TEST(ClientTest, AnAnswerThatIsCutOffIsAnError) {
  const ScriptedServer server({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                               "HTTP/1.1 200"});
  for (int i = 0; i < 3; ++i) {
    Client client(url_of(server.port()));
    EXPECT_NE(problem_of(client).find("the server closed in the middle of the answer"),
              std::string::npos);
  }
}

TEST(ClientTest, AnAnswerThatIsNotHttpIsAnError) {
  const ScriptedServer server({"220 smtp.example.org\r\n\r\n"});
  Client client(url_of(server.port()));
  EXPECT_NE(problem_of(client).find("the answer is not one of HTTP: bad version"),
            std::string::npos);
}

TEST(ClientTest, AnAnswerThatIsTooLargeIsAnError) {
  const ScriptedServer server({"HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n"});
  Client client(url_of(server.port()));
  EXPECT_NE(problem_of(client).find("the answer has more than 16777216 bytes"), std::string::npos);
}

TEST(ClientTest, APortWhereNobodyListensIsNamed) {
  std::uint16_t port = 0;
  {
    const RunningServer server([](const ExchangePtr&) {});
    port = server.port();
  }
  Client client(url_of(port));
  EXPECT_EQ(problem_of(client), "[http] http://127.0.0.1:" + std::to_string(port) +
                                    ": cannot connect: Connection refused");
}

TEST(ClientTest, AnAnswerThatDoesNotComeIsNotWaitedFor) {
  std::promise<void> left;
  auto is_left = left.get_future();
  ExchangePtr kept;
  RunningServer server([&](const ExchangePtr& exchange) {
    kept = exchange;
    exchange->on_leave([&] { left.set_value(); });
  });
  Client client(url_of(server.port()), 100);
  EXPECT_NE(problem_of(client).find(": not answered within 100 ms"), std::string::npos);
  get_soon(is_left);
}

TEST(ClientTest, ARequestIsCancelledFromAnotherThreadAndEveryLaterOne) {
  std::promise<ExchangePtr> asked;
  auto exchange = asked.get_future();
  RunningServer server([&](const ExchangePtr& it) { asked.set_value(it); });
  Client client(url_of(server.port()));
  std::thread thread([&] {
    EXPECT_NE(problem_of(client, ErrorCode::cancelled).find("cancelled"), std::string::npos);
  });
  const ExchangePtr kept = get_soon(exchange);
  client.cancel();
  thread.join();
  problem_of(client, ErrorCode::cancelled);
}

TEST(ClientTest, WhatWouldWriteAnotherRequestIsRefused) {
  Client client(url_of(1));
  EXPECT_THROW(client.request("GET / HTTP/1.1\r\n\r\nGET", "/", {}, ""), Error);
  EXPECT_THROW(client.request("GET", "/ HTTP/1.1\r\nA: b", {}, ""), Error);
  EXPECT_THROW(client.request("GET", "path", {}, ""), Error);
  EXPECT_THROW(client.request("GET", "/", {{"A", "b\r\nC: d"}}, ""), Error);
  EXPECT_THROW(client.request("GET", "/", {{"A:", "b"}}, ""), Error);
}

}  // namespace
}  // namespace alpha::http
