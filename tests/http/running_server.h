#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alpha/http/server.h"

namespace alpha::http::test {

/// Waits for `future`; a test that would hang fails instead.
template<class T>
T get_soon(std::future<T>& future) {
  if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
    throw std::runtime_error("it did not happen within ten seconds");
  }
  return future.get();
}

/// A server on a thread of its own, at a free port of this machine.
class RunningServer {
 public:
  explicit RunningServer(Server::Handler handler, ServerOptions options = {}) {
    options.port = 0;
    server_ =
        std::make_unique<Server>(options, std::move(handler), [this](const std::string& problem) {
          const std::lock_guard lock(mutex_);
          problems_.push_back(problem);
        });
    thread_ = std::thread([this] { server_->run(); });
  }

  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  ~RunningServer() { stop(); }

  std::uint16_t port() const { return server_->port(); }

  Server& server() { return *server_; }

  /// Also destroys the server.
  void stop() {
    if (!server_) return;
    server_->stop();
    thread_.join();
    server_.reset();
  }

  /// What `question` answers on the server's thread.
  template<class F>
  auto ask(F question) {
    auto promise = std::make_shared<std::promise<decltype(question())>>();
    auto future = promise->get_future();
    server_->post(
        [promise, question = std::move(question)]() mutable { promise->set_value(question()); });
    return get_soon(future);
  }

  /// Comes back when the server has this many connections.
  void wait_for_connections(std::size_t n) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (ask([this] { return server_->n_connections(); }) != n) {
      if (std::chrono::steady_clock::now() > end) {
        throw std::runtime_error("the number of connections stayed another");
      }
    }
  }

  std::vector<std::string> problems() const {
    const std::lock_guard lock(mutex_);
    return problems_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> problems_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace alpha::http::test
