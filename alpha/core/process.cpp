#include "alpha/core/process.h"

#include <array>
#include <charconv>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace alpha {

std::size_t resident_memory_bytes() noexcept {
  // Pages in all, then those in memory.
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 128> buffer{};
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (n <= 0) return 0;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return 0;
  std::size_t n_pages = 0;
  std::from_chars(text.data() + space + 1, text.data() + text.size(), n_pages);
  return n_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace alpha
