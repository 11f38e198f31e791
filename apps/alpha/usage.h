#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "alpha/core/error.h"

namespace alpha::cli {

/// What was typed cannot be done: exit code 2.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(ErrorCode::invalid_argument, message) {}
};

/// Throws UsageError(formatted message).
template<class... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw UsageError(fmt::format(format, std::forward<Args>(args)...));
}

/// How this program was started, for the commands that messages suggest.
void set_program(std::string_view name);
const std::string& program() noexcept;

/// The values a whole number may have.
struct Range {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// The flags of one command. Names are written as CLI11 wants them: "--lrMin,--lr-min", first the
/// one that help shows; "checkpoint,--checkpoint" may also stand without the flag. A variable keeps
/// its value when its flag is not given. Every mistake is a UsageError in one sentence.
class Flags {
 public:
  Flags(const std::string& command, const std::string& description, const std::string& examples);

  /// The heading, in the help, of the flags that follow.
  void group(const std::string& name) { group_ = name; }

  void integer(const std::string& names, std::optional<std::int64_t>& value,
               const std::string& help, Range range = {});
  void number(const std::string& names, std::optional<double>& value, const std::string& help);
  void text(const std::string& names, std::optional<std::string>& value, const std::string& help);

  /// A text out of `allowed`, which must outlive the flags.
  void choice(const std::string& names, std::optional<std::string>& value,
              std::span<const std::string_view> allowed, const std::string& help);

  /// `--flag`, `--flag=true`, `--flag=false`; "--bias,!--no-bias" declares the opposite as well.
  void boolean(const std::string& names, std::optional<bool>& value, const std::string& help);

  /// `--config FILE`: a TOML file of `flag = value` lines. A flag on the command line wins.
  void config_file();

  /// False when help was asked for and printed.
  bool parse(std::span<const std::string> args);

  /// The names of the flags that were given, each as help shows it, without dashes.
  std::vector<std::string> given() const;

  /// The file of `--config`, where it was given.
  const std::optional<std::string>& config_path() const noexcept { return config_path_; }

 private:
  CLI::Option* add(const std::string& names, const std::string& type, const std::string& help,
                   CLI::callback_t parse_value);
  void parse_arguments(std::span<const std::string> args);
  void apply_config(const std::string& path);
  void apply_item(const CLI::ConfigItem& item, const std::string& path);
  void check_boolean(const std::string& name, const std::string& value) const;
  std::vector<std::string> names(std::string_view prefix) const;

  CLI::App app_;
  std::string group_ = "Flags";
  std::optional<std::string> config_path_;
};

/// "2MB", "500KB", "1.5GB" (powers of 1000), "64KiB" (of 1024) or plain bytes. `flag` is for the
/// message.
std::uint64_t parse_size(std::string_view text, std::string_view flag);

}  // namespace alpha::cli
