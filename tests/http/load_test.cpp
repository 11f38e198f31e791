#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/http/raw_client.h"
#include "tests/http/running_server.h"
#include <gtest/gtest.h>

namespace alpha::http {
namespace {

using test::get;
using test::post;
using test::RawClient;
using test::RunningServer;

using ExchangePtr = std::shared_ptr<Exchange>;

/// Takes exchanges to a thread of its own and answers from there, as a scheduler of models does.
class Worker {
 public:
  Worker() : thread_([this] { work(); }) {}

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ~Worker() {
    is_ended_ = true;
    thread_.join();
  }

  void take(const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(exchange);
  }

 private:
  void work() {
    while (!is_ended_) {
      std::vector<ExchangePtr> taken;
      {
        const std::lock_guard lock(mutex_);
        taken.swap(waiting_);
      }
      for (const ExchangePtr& exchange : taken) answer(exchange);
      std::this_thread::yield();
    }
  }

  void answer(const ExchangePtr& exchange) {
    if (++n_ % 7 == 0) return;  // let go with the others taken
    exchange->post([exchange] { exchange->begin({.body = "first "}); });
    for (int i = 0; i < 20; ++i) exchange->post([exchange] { exchange->write("more "); });
    exchange->post([exchange] { exchange->end(); });
  }

  std::mutex mutex_;
  std::vector<ExchangePtr> waiting_;
  std::atomic<bool> is_ended_ = false;
  int n_ = 0;
  std::thread thread_;
};

/// One of the things that clients do.
void behave(std::uint16_t port, std::uint32_t what) {
  RawClient client(port);
  switch (what % 8) {
    case 0: client.send(get("/")); return;
    case 1: client.send(get("/") + get("/") + get("/")); return client.reset();
    case 2: client.send("GET / HT"); return;
    case 3: client.send(post("/", std::string(100'000, 'x'))); break;
    case 4: client.send("no request\r\n\r\n"); break;
    case 5: client.send(get("/") + get("/now") + get("/")); break;
    case 6:
      client.send(get("/"));
      client.read_to("\r\n");
      return client.reset();
    default: client.send(get("/now", "Connection: close\r\n")); break;
  }
  client.read_to("\r\n\r\n");
}

TEST(LoadTest, EveryExchangeIsDoneOnceWhateverItsClientDoes) {
  std::atomic<int> n_begun = 0;
  std::atomic<int> n_done = 0;
  {
    Worker worker;
    RunningServer server([&](const ExchangePtr& exchange) {
      ++n_begun;
      const std::weak_ptr<Exchange> weak = exchange;
      exchange->on_leave([weak] {
        if (const ExchangePtr it = weak.lock()) it->respond({});
      });
      exchange->on_done([&n_done](const Outcome&) { ++n_done; });
      if (exchange->request().path == "/now")
        exchange->respond({.body = "now"});
      else
        worker.take(exchange);
    });
    std::vector<std::thread> clients;
    for (std::uint32_t t = 0; t < 4; ++t) {
      clients.emplace_back([&server, t] {
        for (std::uint32_t i = 0; i < 100; ++i) behave(server.port(), i * 5 + t);
      });
    }
    for (std::thread& client : clients) client.join();
  }
  EXPECT_GT(n_begun, 200);
  EXPECT_EQ(n_done, n_begun);
}

}  // namespace
}  // namespace alpha::http
