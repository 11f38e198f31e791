#include "alpha/http/server.h"

#include <utility>

#include "alpha/http/listener.h"
#include "alpha/http/server_core.h"

namespace alpha::http {

struct Server::Impl {
  Impl(const ServerOptions& options, Handler handler,
       std::function<void(const std::string&)> on_problem)
      : core(options, std::move(handler), std::move(on_problem)) {
    const int fd = open_listening_socket(options.address, options.port);
    port = port_of(fd);
    listener = std::make_shared<Listener>(
        core.loop, fd,
        Listener::Hooks{.on_connection =
                            [this](int socket, std::string client) {
                              core.open_connection(socket, std::move(client));
                            },
                        .free_one = [this] { return core.close_an_idle_one(); },
                        .on_problem = [this](const std::string& problem) { core.tell(problem); }});
    listener->start();
  }

  ServerCore core;
  std::shared_ptr<Listener> listener;
  std::uint16_t port = 0;
};

Server::Server(const ServerOptions& options, Handler handler,
               std::function<void(const std::string&)> on_problem)
    : impl_(std::make_unique<Impl>(options, std::move(handler), std::move(on_problem))) {}

Server::~Server() = default;

std::uint16_t Server::port() const noexcept {
  return impl_->port;
}

void Server::run() {
  impl_->core.mailbox->claim();
  impl_->core.loop.run();
  impl_->core.close_all();
  impl_->listener->close();
}

void Server::finish_connections() {
  impl_->core.is_finishing = true;
}

void Server::stop() {
  impl_->core.mailbox->post([this] { impl_->core.loop.stop(); });
}

void Server::post(std::function<void()> task) {
  impl_->core.mailbox->post(std::move(task));
}

void Server::post_after(std::int64_t delay_ms, std::function<void()> task) {
  impl_->core.loop.call_after(delay_ms, [this, task = std::move(task)] { impl_->core.call(task); });
}

std::size_t Server::n_connections() const noexcept {
  return impl_->core.deadlines.size();
}

}  // namespace alpha::http
