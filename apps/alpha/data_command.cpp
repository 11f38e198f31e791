#include <array>

#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/usage.h"

#include "alpha/core/files.h"
#include "alpha/core/suggest.h"
#include "alpha/data/stories.h"

namespace alpha::cli {

namespace {

constexpr const char* kExamples =
    "  alpha data make stories --size 2MB --seed 1 --out stories.txt\n";

int make_stories_command(Arguments args) {
  std::optional<std::string> size, out;
  std::optional<std::int64_t> seed;
  Flags parser("data make stories", "Writes short stories for children, one after another.",
               kExamples);
  parser.text("--size", size, "At least so much text: 500KB, 2MB, 1GB [2MB]");
  parser.integer("--seed", seed, "Same seed, same stories [1]",
                 {.min = std::numeric_limits<std::int32_t>::min(),
                  .max = std::numeric_limits<std::int32_t>::max()});
  parser.text("--out", out, "File to write [stories.txt]");
  if (!parser.parse(args)) return 0;
  const std::uint64_t n_bytes = parse_size(size.value_or("2MB"), "--size");
  const std::string path = out.value_or("stories.txt");
  const std::string text = make_stories(n_bytes, static_cast<std::int32_t>(seed.value_or(1)));
  write_file_atomic(path, text);
  write_stdout(fmt::format("{}: {} of stories\n", path, human_bytes(text.size())));
  return 0;
}

}  // namespace

int data_command(Arguments args) {
  constexpr std::array<std::string_view, 1> kActions = {"make"};
  constexpr std::array<std::string_view, 1> kKinds = {"stories"};
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    write_stdout(
        fmt::format("Usage: alpha data make stories [--size 2MB] [--seed 1] [--out "
                    "stories.txt]\n\nExample:\n{}",
                    kExamples));
    return 0;
  }
  if (args[0] != kActions[0]) {
    fail_usage("alpha data: unknown action '{}', expected make{}", args[0],
               did_you_mean(args[0], kActions));
  }
  if (args.size() < 2) fail_usage("alpha data make: what? Expected stories");
  if (args[1] == "--help" || args[1] == "-h") return make_stories_command(args.subspan(1));
  if (args[1] != kKinds[0]) {
    fail_usage("alpha data make: unknown kind '{}', expected stories{}", args[1],
               did_you_mean(args[1], kKinds));
  }
  return make_stories_command(args.subspan(2));
}

}  // namespace alpha::cli
