#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "apps/alpha/backend_flags.h"
#include "apps/alpha/commands.h"
#include "apps/alpha/signals.h"
#include "apps/alpha/step_time.h"
#include "apps/alpha/text_stream.h"
#include "apps/alpha/training_session.h"

#include "alpha/checkpoint/trained_model.h"
#include "alpha/core/files.h"
#include "alpha/data/stories.h"
#include "alpha/server/page.h"

namespace alpha::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kExamples =
    "  alpha quickstart\n"
    "  alpha quickstart --minutes 5 --size 20MB\n";

constexpr std::array<const char*, 2> kOpenings = {"Once there was a",
                                                  "Once upon a time, there was a"};
constexpr std::int64_t kVocabSize = 2048;  // every word of the stories is a token
constexpr std::int64_t kSampleTokens = 250;
constexpr double kMaxMinutes = 24 * 60;

struct QuickstartFlags {
  std::optional<double> minutes;
  std::optional<std::int64_t> steps, seed;
  std::optional<std::string> run_dir, size;
  BackendFlags backend;

  void add_to(Flags& flags) {
    flags.number("--minutes", minutes, "About how long to train [1]");
    flags.integer("--steps,--iters", steps, "Exactly so many steps instead", {.min = 1});
    flags.integer("--seed", seed, "Of the stories and of the training [42]",
                  {.min = 0, .max = std::numeric_limits<std::int32_t>::max()});
    flags.text("--size", size, "Stories to learn from [6MB]");
    flags.text("--runDir,--run-dir", run_dir, "Folder of the run [runs/<run id>]");
    backend.add_to(flags);
  }
};

/// A model that learns to tell such stories in about a minute of two CPU cores.
RunConfig storyteller(std::int32_t seed) {
  RunConfig run;
  run.model = {.block_size = 256,  // a whole story: who forgets its beginning forgets the names
               .n_layer = 4,
               .n_embd = 64,
               .n_head = 4,
               .soft_cap = 0,
               .has_norm_bias = false,
               .is_tied = true};
  run.train.batch_size = 4;
  run.train.lr = 8e-3;
  run.train.beta2 = 0.99;
  run.train.eval_iters = 20;
  run.train.seed = seed;
  return run;
}

/// The lengths that depend on how many steps there are.
void set_steps(TrainConfig& train, std::int64_t steps) {
  train.iters = steps;
  train.warmup_iters = std::clamp<std::int64_t>(steps / 20, 1, 100);
  train.eval_interval = std::max<std::int64_t>(steps / 4, 1);
  train.sample_interval = train.eval_interval;
}

std::int64_t steps_for(double seconds, double step_seconds) {
  constexpr double kOverhead = 1.05;  // evaluations, checkpoints, samples
  const double steps = seconds / (step_seconds * kOverhead);
  return std::max<std::int64_t>(static_cast<std::int64_t>(steps / 20) * 20, 20);
}

void write_samples(const fs::path& checkpoint, Backend& backend, std::int32_t seed) {
  Generator generator(backend, load_weights(checkpoint, backend));
  for (const char* opening : kOpenings) {
    if (stop_flag().load()) return;
    const Prompt prompt = read_prompt(generator.tokenizer(), opening);
    write_stdout("\n" + prompt.text);
    stream_text(generator,
                {.prompt = prompt.tokens,
                 .max_tokens = kSampleTokens,
                 .sampling = {.temperature = 0.6, .seed = static_cast<std::uint64_t>(seed)},
                 .is_sliding = true},
                true);
    write_stdout("\n");
  }
}

void write_next_steps(const std::string& run_dir, Console& console) {
  const std::string quoted = shell_quoted(run_dir);
  console.line("\n── what to try next ──");
  console.line(
      fmt::format("another story:   {} sample --checkpoint {} --prompt 'Once upon a time' --seed 7",
                  program(), quoted));
  console.line(fmt::format("look inside:     {} inspect {}", program(), quoted));
  console.line(fmt::format("a better teller: {} quickstart --minutes 10 --size 20MB", program()));
  console.line(fmt::format(
      "your own text:   {} train --data your.txt --tokenizer bpe --vocabSize 1024", program()));
  if (page_files().empty()) {
    console.line(fmt::format("for programs:    {} serve {}", program(), quoted));
  } else {
    console.line(fmt::format("in the browser:  {} serve {}    # then open http://127.0.0.1:8080",
                             program(), quoted));
  }
}

}  // namespace

int quickstart_command(Arguments args) {
  QuickstartFlags flags;
  Flags parser("quickstart",
               "Makes a corpus of short stories, trains a small model on it and lets it tell some.",
               kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  const double minutes = flags.minutes.value_or(1);
  if (!(minutes > 0 && minutes <= kMaxMinutes)) {
    fail_usage("--minutes is {}, expected more than 0 and at most {}", minutes, kMaxMinutes);
  }
  const std::uint64_t n_bytes = parse_size(flags.size.value_or("6MB"), "--size");
  const SystemClock clock;
  const auto seed = static_cast<std::int32_t>(flags.seed.value_or(42));
  RunConfig run = storyteller(seed);
  run.run_id = make_run_id(clock, "quickstart");
  const fs::path run_dir = flags.run_dir ? fs::path(*flags.run_dir) : fs::path("runs") / run.run_id;
  if (flags.run_dir) run.run_id = run_id_of(run_dir);
  if (fs::exists(run_dir) && !fs::is_empty(run_dir)) {
    fail_usage("--runDir: '{}' is not an empty folder", run_dir.string());
  }
  run.train.backend = flags.backend.backend.value_or("cpu");
  TrainReport report({.n_threads = flags.backend.n_threads(run.train.backend)}, clock);
  Console& console = report.console();
  const fs::path stories = run_dir / "stories.txt";
  const std::string text = make_stories(n_bytes, seed);
  write_file_atomic(stories, text);
  console.line(
      fmt::format("wrote {} of stories to {}", human_bytes(text.size()), stories.string()));
  run.data_path = fs::absolute(stories).lexically_normal().string();
  const auto backend = flags.backend.open();
  TrainerSetup setup = make_setup(std::move(run), nullptr, kVocabSize, run_dir, console);
  setup.sample_prompts = {kOpenings.front()};
  set_steps(setup.run.train,
            flags.steps
                ? *flags.steps
                : steps_for(minutes * 60, measure_step_seconds(*backend, setup.run, clock)));
  const SessionResult session = run_session(*backend, std::move(setup), nullptr, report, clock);
  if (!session.summary.is_complete) return session.exit_code;
  write_samples(session.summary.checkpoint, *backend, seed);
  write_next_steps(run_dir.string(), console);
  return exit_code_after_stop(0);
}

}  // namespace alpha::cli
