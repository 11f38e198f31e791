#include <array>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "apps/alpha/commands.h"
#include "apps/alpha/console.h"
#include "apps/alpha/signals.h"
#include "apps/alpha/usage.h"
#include <fcntl.h>
#include <unistd.h>

#include "alpha/core/suggest.h"

namespace alpha::cli {

namespace {

struct Command {
  std::string_view name;
  int (*run)(Arguments);
  std::string_view summary;
};

constexpr std::array kCommands = {
    Command{"quickstart", quickstart_command, "train a small storyteller in about a minute"},
    Command{"train", train_command, "train a model on a text, or continue a run"},
    Command{"sample", sample_command, "write text with a trained model"},
    Command{"serve", serve_command, "serve models to programs: OpenAI's API over HTTP"},
    Command{"eval", eval_command, "loss, perplexity and bits per byte of a model on a text"},
    Command{"tokenize", tokenize_command, "make a tokenizer, or show how one cuts a text"},
    Command{"inspect", inspect_command, "what a run or checkpoint holds, and whether it is whole"},
    Command{"export", export_command, "write a model for other programs: Hugging Face, llama.cpp"},
    Command{"import", import_command, "make a checkpoint of a GPT-2 from Hugging Face"},
    Command{"quantize", quantize_command, "store a model in int8 or int4"},
    Command{"bench", bench_command, "how fast a model runs, and how fast it could"},
    Command{"kernels", kernels_command, "which op has which kernel, by backend and dtype"},
    Command{"devices", devices_command, "the GPUs of this machine and what each supports"},
    Command{"data", data_command, "make training data"}};

std::string usage() {
  std::string text =
      "alpha trains small GPTs and writes text with them.\n\n"
      "Usage: alpha COMMAND [--flag value | --flag=value ...]\n\nCommands:\n";
  for (const Command& command : kCommands) {
    text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  }
  text +=
      "\nExamples:\n"
      "  alpha quickstart\n"
      "  alpha data make stories --size 2MB --out stories.txt\n"
      "  alpha train --data stories.txt --tokenizer char --layers 4 --dim 128 --heads 4\n"
      "  alpha train --resume runs/stories_20260101120000_ab12\n"
      "  alpha sample --checkpoint runs/stories_20260101120000_ab12 --prompt 'Once upon a time'\n"
      "  alpha serve --runs runs\n\n"
      "`alpha COMMAND --help` lists the flags of a command; `alpha --version` the version.\n";
  return text;
}

int dispatch(Arguments args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    write_stdout(usage());
    return 0;
  }
  if (args[0] == "--version") {
    write_stdout(fmt::format("alpha {}\n", ALPHA_VERSION));
    return 0;
  }
  // The original's `tokenizer build`.
  if (args.size() > 1 && args[0] == "tokenizer" && args[1] == "build") {
    return tokenize_command(args.subspan(2));
  }
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) {
    if (command.name == args[0]) return command.run(args.subspan(1));
    names.push_back(command.name);
  }
  fail_usage("unknown command '{}'{}", args[0], did_you_mean(args[0], names));
}

int report(std::string_view message, int exit_code) {
  write_stderr("error: " + one_line(message));
  return exit_code;
}

/// A closed standard stream would lend its number to the next file that is opened, and output would
/// end up in that file.
void open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) < 0) static_cast<void>(open("/dev/null", O_RDWR));
  }
}

int guarded_main(Arguments args) {
  constexpr int kUsageExit = 2;
  try {
    const int exit_code = dispatch(args);
    const std::string problem = stdout_problem();
    return problem.empty() ? exit_code : report(problem, 1);
  } catch (const UsageError& error) {
    return report(error.what(), kUsageExit);
  } catch (const Error& error) {
    const int code = error.code() == ErrorCode::cancelled ? exit_code_after_stop(1) : 1;
    return report(error.what(), code);
  } catch (const std::bad_alloc&) {
    return report("out of memory: use a smaller model, batch or text", 1);
  } catch (const std::exception& error) {
    return report(error.what(), 1);
  }
}

}  // namespace

}  // namespace alpha::cli

int main(int argc, char** argv) {
  alpha::cli::open_standard_streams();
  alpha::cli::install_signal_handlers();
  alpha::cli::set_program(argc > 0 ? argv[0] : "alpha");
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  return alpha::cli::guarded_main(args);
}
