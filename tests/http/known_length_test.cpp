#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/http/raw_client.h"
#include "tests/http/running_server.h"
#include <gtest/gtest.h>

namespace alpha::http {
namespace {

using test::get;
using test::get_soon;
using test::RawClient;
using test::RunningServer;

using ExchangePtr = std::shared_ptr<Exchange>;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Six bytes in three pieces, said before.
void answer_in_pieces(const ExchangePtr& exchange) {
  exchange->begin({.body = "ab", .content_type = "text/x"}, 6);
  exchange->post([exchange] {
    exchange->write("cd");
    exchange->write("ef");
    exchange->end();
  });
}

TEST(KnownLengthTest, PiecesOfKnownLengthAreNotChunked) {
  RunningServer server(answer_in_pieces);
  RawClient client(server.port());
  client.send(get("/") + get("/"));
  for (int i = 0; i < 2; ++i) {
    const std::string head = client.read_to("\r\n\r\n");
    EXPECT_TRUE(has(head, "\r\nContent-Length: 6\r\n")) << head;
    EXPECT_TRUE(has(head, "\r\nConnection: keep-alive\r\n")) << head;
    EXPECT_FALSE(has(head, "Transfer-Encoding")) << head;
    EXPECT_EQ(client.read_bytes(6), "abcdef");
  }
}

TEST(KnownLengthTest, AnOldClientMayKeepItsConnection) {
  RunningServer server(answer_in_pieces);
  RawClient client(server.port());
  const std::string request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  client.send(request + request + "GET / HTTP/1.0\r\n\r\n");
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(has(client.read_to("\r\n\r\n"), "\r\nConnection: keep-alive\r\n"));
    EXPECT_EQ(client.read_bytes(6), "abcdef");
  }
  const std::string last = client.read_all();
  EXPECT_TRUE(has(last, "\r\nConnection: close\r\n")) << last;
  EXPECT_TRUE(has(last, "\r\nContent-Length: 6\r\n")) << last;
  EXPECT_TRUE(last.ends_with("\r\n\r\nabcdef")) << last;
}

TEST(KnownLengthTest, HeadHasTheSameHeadersAndNoBody) {
  RunningServer server([](const ExchangePtr& exchange) {
    if (exchange->request().path == "/pieces") return answer_in_pieces(exchange);
    exchange->begin({.content_type = "text/x"}, 6);
    exchange->end();  // nothing need be written
  });
  RawClient client(server.port());
  for (const char* path : {"/pieces", "/nothing"}) {
    client.send("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string head = client.read_to("\r\n\r\n");
    EXPECT_TRUE(has(head, "HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_TRUE(has(head, "\r\nContent-Length: 6\r\n")) << head;
    EXPECT_TRUE(has(head, "\r\nContent-Type: text/x\r\n")) << head;
  }
  client.send(get("/pieces", "Connection: close\r\n"));
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\nabcdef"));
}

TEST(KnownLengthTest, ABodyThatIsEmptyHasALengthToo) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->begin({}, 0);
    exchange->end();
  });
  RawClient client(server.port());
  client.send(get("/") + get("/", "Connection: close\r\n"));
  EXPECT_TRUE(has(client.read_to("\r\n\r\n"), "\r\nContent-Length: 0\r\n"));
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(KnownLengthTest, ABodyThatIsShortOrLongIsCutOffAndTold) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->begin({.body = "abc"}, 5);
    exchange->write(exchange->request().path == "/long" ? "defg" : "d");
    exchange->end();
  });
  for (const char* path : {"/short", "/long"}) {
    RawClient client(server.port());
    client.send(get(path) + get("/never"));
    const std::string answer = client.read_all();
    EXPECT_LT(answer.size() - std::min(answer.size(), answer.find("\r\n\r\n") + 4), 5U) << answer;
  }
  server.stop();
  EXPECT_EQ(server.problems(), (std::vector<std::string>{
                                   "GET /short: the answer ends after 4 of 5 bytes",
                                   "GET /long: the answer has more than the 5 bytes it began with",
                               }));
}

/// Writes `n` pieces, each when the one before has gone.
class Pump : public std::enable_shared_from_this<Pump> {
 public:
  static constexpr std::size_t kPiece = 256 * 1024;

  Pump(ExchangePtr exchange, int n, std::atomic<std::size_t>& most)
      : exchange_(std::move(exchange)),
        n_(n),
        most_(most) {}

  void run() {
    if (n_-- == 0) return exchange_->end();
    exchange_->write(std::string(kPiece, static_cast<char>('a' + n_ % 26)));
    most_ = std::max(most_.load(), exchange_->unsent_bytes());
    exchange_->on_drain([self = shared_from_this()] { self->run(); });
  }

 private:
  ExchangePtr exchange_;
  int n_;
  std::atomic<std::size_t>& most_;
};

TEST(KnownLengthTest, WhoWaitsForTheNetworkHoldsOnePieceOfManyInMemory) {
  constexpr int kPieces = 200;
  std::atomic<std::size_t> most = 0;
  RunningServer server([&](const ExchangePtr& exchange) {
    exchange->begin({}, kPieces * Pump::kPiece);
    std::make_shared<Pump>(exchange, kPieces, most)->run();
  });
  RawClient client(server.port(), 4096);
  client.send(get("/"));
  const std::string answer = client.read_answer();
  const std::string body = answer.substr(answer.find("\r\n\r\n") + 4);
  ASSERT_EQ(body.size(), kPieces * Pump::kPiece);
  for (std::size_t i = 0; i < kPieces; ++i) {
    const auto expected = static_cast<char>('a' + (kPieces - 1 - i) % 26);
    ASSERT_EQ(body[i * Pump::kPiece], expected) << i;
    ASSERT_EQ(body[(i + 1) * Pump::kPiece - 1], expected) << i;
  }
  EXPECT_LT(most, Pump::kPiece + 1024);
}

TEST(KnownLengthTest, AClientThatReadsNothingIsClosedAndTheHookIsLetGo) {
  std::promise<void> left;
  auto future = left.get_future();
  std::atomic<std::size_t> most = 0;
  std::weak_ptr<Exchange> asked;
  RunningServer server(
      [&](const ExchangePtr& exchange) {
        asked = exchange;
        exchange->begin({}, 1'000 * Pump::kPiece);
        exchange->on_leave([&] { left.set_value(); });
        std::make_shared<Pump>(exchange, 1'000, most)->run();
      },
      {.write_timeout_ms = 200});
  RawClient client(server.port(), 4096);
  client.send(get("/"));
  get_soon(future);
  server.wait_for_connections(0);
  EXPECT_TRUE(server.ask([&] { return asked.expired(); }));
}

TEST(KnownLengthTest, WhatIsSentAlreadyIsDrainedSoonAndOnce) {
  std::promise<void> drained;
  auto future = drained.get_future();
  std::atomic<int> n = 0;
  RunningServer server([&](const ExchangePtr& exchange) {
    if (exchange->request().path != "/") return exchange->respond({});
    exchange->begin({}, 2);
    exchange->post([&, exchange] {
      exchange->on_drain([&, exchange] {
        ++n;
        exchange->write("ab");
        exchange->end();
        exchange->on_drain([&] { ++n; });  // it is over
        drained.set_value();
      });
    });
  });
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nab"));
  get_soon(future);
  client.send(get("/again"));
  client.read_answer();
  EXPECT_EQ(n, 1);
}

}  // namespace
}  // namespace alpha::http
