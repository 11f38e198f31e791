#include "apps/alpha/usage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "apps/alpha/console.h"

#include "alpha/core/suggest.h"

namespace alpha::cli {

namespace {

/// Shows a flag by its first name alone: aliases would only make the list longer.
class ShortFormatter : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    if (is_positional || option->get_lnames().empty()) return option->get_name(is_positional);
    const std::string shown = "--" + option->get_lnames().front();
    return option->get_snames().empty() ? shown : "-" + option->get_snames().front() + ", " + shown;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_expected_min() == 0 ? "" : " " + option->get_type_name();
  }

  std::string make_positionals(const CLI::App*) const override { return ""; }
};

template<class T>
bool parse_all(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string shown_name(const std::string& names) {
  return names.substr(names.find("--"), names.find(',', names.find("--")) - names.find("--"));
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

/// CLI11 reads `--flag=` as a flag that wants the next argument; here it means an empty value.
std::vector<std::string> with_empty_values(std::span<const std::string> args) {
  std::vector<std::string> out;
  for (const std::string& arg : args) {
    if (arg.size() > 3 && arg.starts_with("--") && arg.find('=') == arg.size() - 1) {
      out.push_back(arg.substr(0, arg.size() - 1));
      out.emplace_back();
    } else {
      out.push_back(arg);
    }
  }
  return out;
}

/// A mistake that CLI11 found, in our words.
[[noreturn]] void fail_mismatch(const CLI::ArgumentMismatch& error) {
  const std::string_view message = error.what();
  const std::string_view name = message.substr(0, message.find(':'));
  if (message.find("At Most") != std::string_view::npos) {
    fail_usage("{} is given more than once", name);
  }
  if (message.find("missing") != std::string_view::npos) fail_usage("{} needs a value", name);
  fail_usage("{}", message);
}

}  // namespace

namespace {
std::string program_name = "alpha";
}

void set_program(std::string_view name) {
  program_name = name;
}

const std::string& program() noexcept {
  return program_name;
}

Flags::Flags(const std::string& command, const std::string& description,
             const std::string& examples)
    : app_(description, "alpha " + command) {
  const auto formatter = std::make_shared<ShortFormatter>();
  formatter->column_width(28);
  app_.formatter(formatter);
  app_.set_help_flag("-h,--help", "Print this help")->group("Other");
  app_.allow_extras();
  app_.footer("\nExamples:\n" + examples);
}

CLI::Option* Flags::add(const std::string& names, const std::string& type, const std::string& help,
                        CLI::callback_t parse_value) {
  return app_.add_option(names, std::move(parse_value), help)->type_name(type)->group(group_);
}

void Flags::integer(const std::string& names, std::optional<std::int64_t>& value,
                    const std::string& help, Range range) {
  add(names, "N", help, [&value, range, name = shown_name(names)](const CLI::results_t& given) {
    std::int64_t parsed = 0;
    if (!parse_all(given.front(), parsed)) {
      fail_usage("{}: '{}' is not a whole number", name, given.front());
    }
    if (parsed < range.min) {
      fail_usage("{} is {}, expected {} or more", name, parsed, range.min);
    }
    if (parsed > range.max) {
      fail_usage("{} is {}, expected {} or less", name, parsed, range.max);
    }
    value = parsed;
    return true;
  });
}

void Flags::number(const std::string& names, std::optional<double>& value,
                   const std::string& help) {
  add(names, "X", help, [&value, name = shown_name(names)](const CLI::results_t& given) {
    double parsed = 0;
    if (!parse_all(given.front(), parsed) || !std::isfinite(parsed)) {
      fail_usage("{}: '{}' is not a number", name, given.front());
    }
    value = parsed;
    return true;
  });
}

void Flags::text(const std::string& names, std::optional<std::string>& value,
                 const std::string& help) {
  add(names, "TEXT", help, [&value](const CLI::results_t& given) {
    value = given.front();
    return true;
  });
}

void Flags::choice(const std::string& names, std::optional<std::string>& value,
                   std::span<const std::string_view> allowed, const std::string& help) {
  add(names, fmt::format("{}", fmt::join(allowed, "|")), help,
      [&value, allowed, name = shown_name(names)](const CLI::results_t& given) {
        if (std::find(allowed.begin(), allowed.end(), given.front()) == allowed.end()) {
          fail_usage("{}: unknown value '{}', expected one of {}{}", name, given.front(),
                     fmt::join(allowed, ", "), did_you_mean(given.front(), allowed));
        }
        value = given.front();
        return true;
      });
}

void Flags::boolean(const std::string& names, std::optional<bool>& value, const std::string& help) {
  app_.add_flag_function(
          names, [&value](std::int64_t n_times) { value = n_times > 0; }, help)
      ->group(group_);
}

void Flags::config_file() {
  text("--config", config_path_, "TOML file with flag = value lines; flags on this line win");
}

bool Flags::parse(std::span<const std::string> args) {
  try {
    parse_arguments(args);
  } catch (const CLI::CallForHelp&) {
    write_stdout(app_.help());
    return false;
  } catch (const CLI::ArgumentMismatch& error) {
    fail_mismatch(error);
  } catch (const CLI::ParseError& error) {
    fail_usage("{}", error.what());
  }
  if (config_path_) apply_config(*config_path_);
  return true;
}

void Flags::check_boolean(const std::string& name, const std::string& value) const {
  const CLI::Option* option = app_.get_option_no_throw(name);
  if (option == nullptr || option->get_expected_min() > 0) return;
  constexpr std::array<std::string_view, 4> kValues = {"true", "false", "1", "0"};
  if (std::find(kValues.begin(), kValues.end(), value) == kValues.end()) {
    fail_usage("{}: '{}' is neither true nor false", name, value);
  }
}

void Flags::parse_arguments(std::span<const std::string> args) {
  for (const std::string& arg : args) {
    const std::size_t equals = arg.find('=');
    if (!arg.starts_with("--") || equals == std::string::npos) continue;
    check_boolean(arg.substr(0, equals), arg.substr(equals + 1));
  }
  std::vector<std::string> reversed = with_empty_values(args);
  std::reverse(reversed.begin(), reversed.end());
  app_.parse(reversed);
  const std::vector<std::string> extras = app_.remaining();
  if (extras.empty()) return;
  const std::string& first = extras.front();
  if (!first.starts_with('-')) {
    fail_usage("unexpected argument '{}': every value belongs to a flag (see --help)", first);
  }
  const std::string flag = first.substr(0, first.find('='));
  const std::vector<std::string> known = names("--");
  fail_usage("unknown flag '{}'{}", flag, did_you_mean(flag, views(known)));
}

void Flags::apply_config(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) fail_usage("--config: no file '{}'", path);
  try {
    CLI::ConfigTOML reader;
    for (const CLI::ConfigItem& item : reader.from_file(path)) apply_item(item, path);
  } catch (const CLI::ParseError& error) {
    fail_usage("{}: {}", path, error.what());
  }
}

void Flags::apply_item(const CLI::ConfigItem& item, const std::string& path) {
  const std::string flag = "--" + item.fullname();
  CLI::Option* option = app_.get_option_no_throw(flag);
  if (option == nullptr || flag == "--config" || flag == "--help") {
    const std::vector<std::string> known = names("");
    fail_usage("{}: unknown key '{}'{}", path, item.fullname(),
               did_you_mean(item.fullname(), views(known)));
  }
  if (option->count() > 0) return;
  if (item.inputs.size() != 1) {
    fail_usage("{}: key '{}' has {} values, expected 1", path, item.fullname(), item.inputs.size());
  }
  const bool is_flag = option->get_expected_min() == 0;
  const std::string& value = item.inputs.front();
  try {
    check_boolean(flag, value);
    option->add_result(is_flag ? option->get_flag_value(item.fullname(), value) : value);
    option->run_callback();
  } catch (const UsageError& error) {
    fail_usage("{}: {}", path, error.what());
  }
}

std::vector<std::string> Flags::names(std::string_view prefix) const {
  std::vector<std::string> out;
  for (const CLI::Option* option : app_.get_options()) {
    for (const std::string& name : option->get_lnames())
      out.push_back(fmt::format("{}{}", prefix, name));
  }
  return out;
}

std::vector<std::string> Flags::given() const {
  std::vector<std::string> out;
  for (const CLI::Option* option : app_.get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty())
      out.push_back(option->get_lnames().front());
  }
  return out;
}

std::uint64_t parse_size(std::string_view text, std::string_view flag) {
  struct Unit {
    std::string_view suffix;
    double bytes;
  };

  constexpr std::array kUnits = {Unit{"KiB", 1024.0},
                                 Unit{"MiB", 1024.0 * 1024},
                                 Unit{"GiB", 1024.0 * 1024 * 1024},
                                 Unit{"KB", 1e3},
                                 Unit{"MB", 1e6},
                                 Unit{"GB", 1e9},
                                 Unit{"kB", 1e3},
                                 Unit{"K", 1e3},
                                 Unit{"M", 1e6},
                                 Unit{"G", 1e9},
                                 Unit{"B", 1.0}};
  std::string_view digits = text;
  double scale = 1;
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    digits.remove_suffix(unit.suffix.size());
    scale = unit.bytes;
    break;
  }
  double value = 0;
  if (!parse_all(digits, value) || !(value * scale >= 1) || !(value * scale <= 1e12)) {
    fail_usage("{}: '{}' is not a size, expected for example 500KB, 2MB or 1GB", flag, text);
  }
  return static_cast<std::uint64_t>(value * scale);
}

}  // namespace alpha::cli
