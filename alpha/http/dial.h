#pragma once

#include <string>
#include <utility>

#include "alpha/http/patience.h"

namespace alpha::http {

/// A descriptor that is closed at its end. Move-only.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}

  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// A connected socket that does not block. All addresses of the host are tried in turn. Error: io;
/// what `patience` throws, also while the name is looked up.
Descriptor dial(const std::string& host, const std::string& port, const Patience& patience);

}  // namespace alpha::http
