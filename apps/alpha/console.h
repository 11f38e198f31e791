#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace alpha::cli {

/// Writes to stdout at once. When that fails (the reader has gone, the disk is full) nothing more
/// is written and `stop_flag` is set, so that work in progress is saved.
void write_stdout(std::string_view text);

/// Whether somebody still reads stdout.
bool is_stdout_open() noexcept;

/// Why stdout could not be written, as a sentence; empty when it could, or when its reader has
/// gone.
std::string stdout_problem();

/// `text` as one line without control characters.
std::string one_line(std::string_view text);

/// Writes a line to stderr; failures are of no interest.
void write_stderr(std::string_view line);

/// `warning: …` on stderr.
void warn(std::string_view message);

/// What a command tells while it works: lines, and one line that renews itself on a terminal. Goes
/// to stdout, or to stderr when stdout carries JSON.
class Console {
 public:
  explicit Console(bool is_json);

  /// A line of its own.
  void line(std::string_view text);

  /// A line on stderr, clear of the live line.
  void warning(std::string_view message);

  /// The line that renews itself; only on a terminal.
  void live(const std::string& text);

  /// Leaves the live line as it is and goes on below.
  void end_live();

  bool is_terminal() const noexcept { return is_terminal_; }

 private:
  void write(std::string_view text) const;
  void clear_live();

  bool is_json_;
  bool is_terminal_;
  bool is_live_shown_ = false;
};

/// 1,234,567.
std::string with_commas(std::int64_t value);

/// 12.3K, 4.56M, 1.23G: three digits.
std::string short_count(double value);

/// 12.3 kB, 4.56 MB.
std::string human_bytes(std::uint64_t n_bytes);

/// 7s, 1m05s, 2h03m.
std::string short_duration(double seconds);

/// `word` as a shell reads it back: in quotes when it needs them.
std::string shell_quoted(std::string_view word);

}  // namespace alpha::cli
