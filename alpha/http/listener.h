#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "alpha/http/loop.h"

namespace alpha::http {

/// A listening socket of the system, not inherited and not blocking. Error: invalid_argument for an
/// address that is none, io where it cannot be listened on.
int open_listening_socket(const std::string& address, std::uint16_t port);

/// The port a socket is bound to.
std::uint16_t port_of(int fd);

/// Raises the number of files that the process may have open as far as it goes, and returns it.
std::size_t raise_file_limit() noexcept;

/// Takes connections as they come. For the loop's thread.
class Listener final : public Watcher, public std::enable_shared_from_this<Listener> {
 public:
  struct Hooks {
    std::function<void(int fd, std::string client)> on_connection;  // takes the socket over
    std::function<bool()> free_one;  // closes some connection: the system has no more files
    std::function<void(const std::string&)> on_problem;
  };

  /// Takes `fd` over.
  Listener(Loop& loop, int fd, Hooks hooks);

  void start();

  /// Takes no more connections; those that wait in the system are reset.
  void close();

  void on_readable() override;

  void on_writable() override {}

 private:
  bool accept_one();
  bool make_room(int error);

  Loop& loop_;
  Watch watch_;
  Hooks hooks_;
  bool is_paused_ = false;
  bool is_closed_ = false;
};

}  // namespace alpha::http
