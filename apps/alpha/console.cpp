#include "apps/alpha/console.h"

#include <array>
#include <cerrno>
#include <cmath>

#include "apps/alpha/signals.h"
#include <sys/ioctl.h>
#include <unistd.h>

#include "alpha/core/error.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha::cli {

namespace {

int stdout_errno = 0;  // of the write that failed; nothing is written after it

/// Writes all of `text`; returns errno, or 0.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

std::size_t terminal_columns(int fd) {
  winsize size = {};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string three_digits(double value, std::string_view unit) {
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, decimals, unit);
}

}  // namespace

void write_stdout(std::string_view text) {
  if (stdout_errno != 0) return;
  stdout_errno = write_all(STDOUT_FILENO, text);
  if (stdout_errno != 0) stop_flag().store(true);
}

bool is_stdout_open() noexcept {
  return stdout_errno == 0;
}

std::string stdout_problem() {
  if (stdout_errno == 0 || stdout_errno == EPIPE) return {};
  return fmt::format("cannot write to standard output: {}",
                     std::generic_category().message(stdout_errno));
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "; ";
    } else if (static_cast<unsigned char>(c) >= ' ') {
      line += c;
    }
  }
  return line;
}

void write_stderr(std::string_view line) {
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("{}\n", line)));
}

void warn(std::string_view message) {
  write_stderr("warning: " + one_line(message));
}

Console::Console(bool is_json)
    : is_json_(is_json),
      is_terminal_(isatty(is_json ? STDERR_FILENO : STDOUT_FILENO) == 1) {}

void Console::write(std::string_view text) const {
  if (is_json_) {
    static_cast<void>(write_all(STDERR_FILENO, text));
  } else {
    write_stdout(text);
  }
}

void Console::clear_live() {
  if (!is_live_shown_) return;
  write("\r\x1b[K");
  is_live_shown_ = false;
}

void Console::line(std::string_view text) {
  clear_live();
  write(fmt::format("{}\n", text));
}

void Console::warning(std::string_view message) {
  clear_live();
  warn(message);
}

void Console::live(const std::string& text) {
  if (!is_terminal_) return;
  // A line that wraps could not be renewed.
  const std::size_t room = terminal_columns(is_json_ ? STDERR_FILENO : STDOUT_FILENO) - 1;
  write(fmt::format("\r{}\x1b[K", std::string_view(text).substr(0, room)));
  is_live_shown_ = true;
}

void Console::end_live() {
  if (is_live_shown_) write("\n");
  is_live_shown_ = false;
}

std::string with_commas(std::int64_t value) {
  std::string text = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) text.insert(at -= 3, ",");
  return text;
}

std::string short_count(double value) {
  if (value >= 1e12) return three_digits(value / 1e12, "T");
  if (value >= 1e9) return three_digits(value / 1e9, "G");
  if (value >= 1e6) return three_digits(value / 1e6, "M");
  if (value >= 1e4) return three_digits(value / 1e3, "K");
  return fmt::format("{:.0f}", value);
}

std::string human_bytes(std::uint64_t n_bytes) {
  const auto value = static_cast<double>(n_bytes);
  if (value >= 1e9) return three_digits(value / 1e9, " GB");
  if (value >= 1e6) return three_digits(value / 1e6, " MB");
  if (value >= 1e3) return three_digits(value / 1e3, " kB");
  return fmt::format("{} bytes", n_bytes);
}

std::string short_duration(double seconds) {
  const auto s = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace alpha::cli
