#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/http/raw_client.h"
#include "tests/http/running_server.h"
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "alpha/core/error.h"

namespace alpha::http {
namespace {

using test::get;
using test::get_soon;
using test::RawClient;
using test::RunningServer;

using ExchangePtr = std::shared_ptr<Exchange>;

void say_hello(const ExchangePtr& exchange) {
  exchange->respond({.body = "hello"});
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A server whose answers are made elsewhere, or never.
class LeavingTest : public testing::Test {
 protected:
  std::atomic<int> status_ = -1;
  std::promise<void> left_;
  std::promise<void> done_;
  std::promise<ExchangePtr> asked_;
  std::future<void> is_left_ = left_.get_future();
  std::future<void> is_done_ = done_.get_future();
  std::future<ExchangePtr> exchange_ = asked_.get_future();
  std::function<void(const ExchangePtr&)> first_;  // what the handler does with it
  RunningServer server_{[this](const ExchangePtr& exchange) {
                          exchange->on_leave([this] { left_.set_value(); });
                          exchange->on_done([this](const Outcome& outcome) {
                            status_ = outcome.status;
                            done_.set_value();
                          });
                          if (first_) first_(exchange);
                          asked_.set_value(exchange);
                        },
                        {.write_timeout_ms = 300}};
};

TEST_F(LeavingTest, AClientThatClosesWhileItWaitsIsNoticed) {
  RawClient client(server_.port());
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(exchange_);
  client.close();
  get_soon(is_left_);
  get_soon(is_done_);
  server_.ask([&] {
    exchange->respond({.body = "too late"});
    return 0;
  });
  EXPECT_EQ(status_, 0);
  EXPECT_EQ(server_.ask([&] { return server_.server().n_connections(); }), 0u);
}

TEST_F(LeavingTest, AResetIsNoticed) {
  RawClient client(server_.port());
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(exchange_);
  client.reset();
  get_soon(is_left_);
}

TEST_F(LeavingTest, AClientThatClosesItsHalfCountsAsGone) {
  RawClient client(server_.port());
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(exchange_);
  client.close_sending();
  get_soon(is_left_);
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(LeavingTest, AClientThatHasSentMoreIsNoticedAllTheSame) {
  RawClient client(server_.port());
  client.send(get("/") + get("/next"));
  const ExchangePtr exchange = get_soon(exchange_);
  client.close();
  get_soon(is_left_);
}

TEST_F(LeavingTest, AClientThatClosesInTheMiddleOfAStreamIsNoticed) {
  first_ = [](const ExchangePtr& exchange) { exchange->begin({.body = "a"}); };
  RawClient client(server_.port());
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(exchange_);
  client.read_to("1\r\na\r\n");
  client.close();
  get_soon(is_left_);
  get_soon(is_done_);
}

TEST_F(LeavingTest, AClientThatDoesNotReadHasLeftAfterTheTimeout) {
  first_ = [](const ExchangePtr& exchange) {
    exchange->begin({});
    for (int i = 0; i < 16; ++i) exchange->write(std::string(1'000'000, 'x'));
  };
  RawClient client(server_.port(), 4096);
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(exchange_);
  EXPECT_GT(server_.ask([&] { return exchange->unsent_bytes(); }), 1'000'000u);
  get_soon(is_left_);
  EXPECT_EQ(server_.ask([&] { return exchange->unsent_bytes(); }), 0u);
}

TEST_F(LeavingTest, AHookThatComesAfterTheClientHasLeftIsCalled) {
  RawClient client(server_.port());
  client.send(get("/"));
  const ExchangePtr exchange = get_soon(exchange_);
  client.close();
  get_soon(is_left_);
  std::promise<bool> late;
  auto future = late.get_future();
  server_.server().post([&] {
    auto is_inside = std::make_shared<bool>(true);
    exchange->on_leave([&late, is_inside] { late.set_value(*is_inside); });
    *is_inside = false;
  });
  EXPECT_FALSE(get_soon(future));
}

TEST_F(LeavingTest, StoppingTheServerLeavesWhatIsOpen) {
  RawClient client(server_.port());
  RawClient idle(server_.port());
  client.send(get("/"));
  ExchangePtr exchange = get_soon(exchange_);
  server_.stop();
  get_soon(is_left_);
  get_soon(is_done_);
  EXPECT_TRUE(client.is_closed_by_server());
  EXPECT_TRUE(idle.is_closed_by_server());
  exchange->post([] { FAIL() << "the server is gone"; });
  exchange->respond({});
  exchange->on_leave([] { FAIL() << "the server is gone"; });
}

TEST(ConnectionsTest, AnAnswerGoesWholeToAClientThatClosesItsHalfAfterIt) {
  RunningServer server([](const ExchangePtr& exchange) {
    exchange->respond({.body = std::string(8'000'000, 'x')});
  });
  RawClient client(server.port(), 4096);
  client.send(get("/"));
  const std::string head = client.read_to("\r\n\r\n");
  client.close_sending();
  EXPECT_EQ(client.read_all().size(), 8'000'000u);
}

TEST(ConnectionsTest, AHeaderThatDoesNotComeIsNotWaitedFor) {
  RunningServer server(say_hello, {.header_timeout_ms = 100});
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHo");
  const std::string answer = client.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << answer;
  EXPECT_TRUE(has(answer, "the header has not come within 100 ms"));
}

TEST(ConnectionsTest, ABodyThatDoesNotComeIsNotWaitedFor) {
  RunningServer server(say_hello, {.body_timeout_ms = 100});
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  const std::string answer = client.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << answer;
  EXPECT_TRUE(has(answer, "nothing of the body has come for 100 ms"));
}

TEST(ConnectionsTest, AnIdleConnectionIsClosedWithoutAWord) {
  RunningServer server(say_hello, {.idle_timeout_ms = 100});
  RawClient fresh(server.port());
  RawClient used(server.port());
  used.send(get("/"));
  EXPECT_TRUE(has(used.read_answer(), "hello"));
  EXPECT_EQ(fresh.read_all(), "");
  EXPECT_EQ(used.read_all(), "");
}

TEST(ConnectionsTest, AnAnswerThatTakesLongIsNoTimeout) {
  RunningServer* running = nullptr;
  RunningServer server(
      [&](const ExchangePtr& exchange) {
        running->server().post_after(300, [exchange] { say_hello(exchange); });
      },
      {.header_timeout_ms = 50,
       .body_timeout_ms = 50,
       .idle_timeout_ms = 50,
       .write_timeout_ms = 50});
  running = &server;
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_TRUE(has(client.read_answer(), "hello"));
}

TEST(ConnectionsTest, ThousandsOfHalfSentRequestsDoNotHinderOthers) {
  RunningServer server(say_hello);
  std::vector<RawClient> slow;
  for (int i = 0; i < 2000; ++i) {
    slow.emplace_back(server.port());
    slow.back().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf a bo");
  }
  server.wait_for_connections(2000);
  const auto begin = std::chrono::steady_clock::now();
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_TRUE(has(client.read_answer(), "hello"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

TEST(ConnectionsTest, TheOneIdleTheLongestMakesRoomForANewOne) {
  RunningServer server(say_hello, {.max_connections = 3});
  RawClient first(server.port());
  server.wait_for_connections(1);
  RawClient second(server.port());
  server.wait_for_connections(2);
  RawClient third(server.port());
  server.wait_for_connections(3);
  first.send(get("/"));  // now the second has been idle the longest
  EXPECT_TRUE(has(first.read_answer(), "hello"));
  RawClient fourth(server.port());
  fourth.send(get("/"));
  EXPECT_TRUE(has(fourth.read_answer(), "hello"));
  EXPECT_EQ(second.read_all(), "");
  third.send(get("/"));
  EXPECT_TRUE(has(third.read_answer(), "hello"));
}

TEST(ConnectionsTest, ANewConnectionIsClosedWhereAllAreBusy) {
  std::promise<ExchangePtr> asked;
  auto future = asked.get_future();
  RunningServer server([&](const ExchangePtr& exchange) { asked.set_value(exchange); },
                       {.max_connections = 1});
  RawClient busy(server.port());
  busy.send(get("/"));
  ExchangePtr exchange = get_soon(future);
  RawClient late(server.port());
  EXPECT_TRUE(late.is_closed_by_server());
  server.server().post([&] { say_hello(exchange); });
  EXPECT_TRUE(has(busy.read_answer(), "hello"));
}

/// Sets how many files this process may have open, for as long as it lives.
class FileLimit {
 public:
  FileLimit() { ::getrlimit(RLIMIT_NOFILE, &before_); }

  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

  ~FileLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  /// `n` more than are open now.
  void allow_more(rlim_t n) {
    const int next = ::dup(0);
    ::close(next);
    const rlimit limit = {.rlim_cur = static_cast<rlim_t>(next) + n, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }

 private:
  rlimit before_ = {};
};

TEST(ConnectionsTest, WithoutFilesTheIdleOnesMakeRoom) {
  RunningServer server(say_hello);
  std::vector<RawClient> clients;
  clients.reserve(40);
  for (int i = 0; i < 40; ++i) clients.emplace_back(std::uint16_t{0});
  FileLimit files;
  files.allow_more(10);
  for (RawClient& client : clients) {
    client.connect(server.port());
    client.send(get("/"));
    EXPECT_TRUE(has(client.read_answer(), "hello"));
  }
}

TEST(ConnectionsTest, WithoutFilesANewConnectionWaitsUntilOneIsFree) {
  std::promise<ExchangePtr> asked;
  auto future = asked.get_future();
  RunningServer server([&](const ExchangePtr& exchange) {
    if (exchange->request().path == "/busy")
      asked.set_value(exchange);
    else
      say_hello(exchange);
  });
  RawClient busy(std::uint16_t{0});
  RawClient late(std::uint16_t{0});
  FileLimit files;
  files.allow_more(1);
  busy.connect(server.port());
  busy.send(get("/busy"));
  ExchangePtr exchange = get_soon(future);
  late.connect(server.port());
  late.send(get("/"));
  server.server().post([&] { say_hello(exchange); });
  EXPECT_TRUE(has(busy.read_answer(), "hello"));
  EXPECT_TRUE(has(late.read_answer(), "hello"));
}

TEST(ConnectionsTest, TasksOfAllThreadsRunOnTheServersInTheirOrder) {
  RunningServer server(say_hello);
  std::vector<std::vector<int>> seen(4);
  std::vector<std::thread> threads;
  threads.reserve(seen.size());
  for (std::vector<int>& numbers : seen) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) server.server().post([&, i] { numbers.push_back(i); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto counts = server.ask([&] { return seen; });
  for (const std::vector<int>& numbers : counts) {
    ASSERT_EQ(numbers.size(), 1000u);
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST(ConnectionsTest, ATaskThatThrowsIsToldAndTheServerGoesOn) {
  RunningServer server(say_hello);
  server.server().post([] { throw std::runtime_error("a task broke"); });
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_TRUE(has(client.read_answer(), "hello"));
  EXPECT_EQ(server.problems(), std::vector<std::string>{"a task broke"});
}

TEST(ConnectionsTest, AServerThatIsStoppedBeforeItRunsDoesNotRun) {
  Server server({.port = 0}, say_hello);
  server.stop();
  server.run();
}

TEST(ConnectionsTest, AServerThatNeverRanEndsQuietly) {
  Server server({.port = 0}, say_hello);
  RawClient client(server.port());
  server.post([] { FAIL(); });
  server.post_after(0, [] { FAIL(); });
}

/// The error of a server with these options.
std::pair<ErrorCode, std::string> problem_of(const ServerOptions& options) {
  try {
    const Server server(options, say_hello);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {ErrorCode::internal, "none"};
}

TEST(ConnectionsTest, AnAddressInUseIsNamed) {
  const Server server({.port = 0}, say_hello);
  const auto [code, message] = problem_of({.port = server.port()});
  EXPECT_EQ(code, ErrorCode::io);
  EXPECT_EQ(message, "[http] cannot listen on 127.0.0.1 port " + std::to_string(server.port()) +
                         ": Address already in use");
}

TEST(ConnectionsTest, AnAddressThatIsNoneIsNamed) {
  const auto [code, message] = problem_of({.address = "example", .port = 0});
  EXPECT_EQ(code, ErrorCode::invalid_argument);
  EXPECT_EQ(message, "[http] 'example' is no address to listen on: expected one of IPv4 or IPv6");
}

TEST(ConnectionsTest, AServerMayListenOnIpv6) {
  Server server({.address = "::", .port = 0}, [](const ExchangePtr& exchange) {
    exchange->respond({.body = exchange->request().client});
  });
  std::thread thread([&] { server.run(); });
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_TRUE(has(client.read_answer(), "\r\n\r\n127.0.0.1"));
  server.stop();
  thread.join();
}

TEST(FinishingTest, ConnectionsAreClosedBehindTheirAnswersAndToldSo) {
  RunningServer server(say_hello);
  RawClient client(server.port());
  client.send(get("/"));
  EXPECT_TRUE(has(client.read_answer(), "keep-alive"));
  server.ask([&] {
    server.server().finish_connections();
    return true;
  });
  client.send(get("/"));
  EXPECT_TRUE(has(client.read_answer(), "Connection: close"));
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST(FinishingTest, NobodyIsTakenAfterTheServerHasStopped) {
  Server server({.port = 0}, say_hello);
  server.stop();
  server.run();
  EXPECT_THROW(RawClient(server.port()), std::exception);
}

}  // namespace
}  // namespace alpha::http
