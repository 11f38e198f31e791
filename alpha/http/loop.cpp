#include "alpha/http/loop.h"

#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unistd.h>

#include "alpha/core/error.h"

namespace alpha::http {

namespace asio = boost::asio;

struct Loop::Impl {
  std::function<void(const std::string&)> on_problem;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
};

Loop::Loop(std::function<void(const std::string&)> on_problem) : impl_(std::make_unique<Impl>()) {
  impl_->on_problem = std::move(on_problem);
}

Loop::~Loop() = default;

void Loop::run() {
  while (!impl_->context.stopped()) {
    try {
      impl_->context.run();
    } catch (const std::exception& error) {
      impl_->on_problem(error.what());
    }
  }
}

void Loop::stop() {
  impl_->context.stop();
}

void Loop::defer(std::function<void()> task) {
  asio::post(impl_->context, std::move(task));
}

void Loop::call_after(std::int64_t delay_ms, std::function<void()> task) {
  auto timer =
      std::make_unique<asio::steady_timer>(impl_->context, std::chrono::milliseconds(delay_ms));
  asio::steady_timer& waiting = *timer;
  waiting.async_wait([timer = std::move(timer), task = std::move(task)](auto error) {
    if (!error) task();
  });
}

struct Watch::Impl {
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor;
};

Watch::Watch(Loop& loop, int fd) {
  try {
    impl_ = std::make_unique<Impl>(Impl{{loop.impl_->context.get_executor(), fd}});
  } catch (const std::exception& error) {
    ::close(fd);
    fail(ErrorCode::io, "[http] cannot watch a connection: {}", error.what());
  }
}

Watch::~Watch() = default;

int Watch::fd() const noexcept {
  return impl_->descriptor.native_handle();
}

void Watch::wait_readable(std::shared_ptr<Watcher> watcher) {
  impl_->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                               [watcher = std::move(watcher)](auto error) {
                                 if (!error) watcher->on_readable();
                               });
}

void Watch::wait_writable(std::shared_ptr<Watcher> watcher) {
  impl_->descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                               [watcher = std::move(watcher)](auto error) {
                                 if (!error) watcher->on_writable();
                               });
}

void Watch::close() noexcept {
  boost::system::error_code ignored;
  impl_->descriptor.close(ignored);
}

}  // namespace alpha::http
