#include <filesystem>

#include "apps/alpha/commands.h"
#include "apps/alpha/train_flags.h"
#include "apps/alpha/training_session.h"
#ifdef ALPHA_HAS_HELIOS
#include "apps/alpha/helios_profile.h"
#endif

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"

namespace alpha::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* kExamples =
    "  alpha train --data stories.txt --tokenizer char --layers 4 --dim 128 --heads 4\n"
    "  alpha train --data book.txt --preset nanogpt --n-layer 6 --dim 384 --heads 6 --dtype bf16\n"
    "  alpha train --config run.toml --lr 1e-3\n"
    "  alpha train --resume runs/stories_20260101120000_ab12\n";

ReportOptions report_options(const TrainFlags& flags, const RunConfig& run) {
  const std::string level = flags.log.value_or("info");
  return {.is_json = flags.json.value_or(false),
          .is_quiet = flags.quiet.value_or(false) || level == "warn" || level == "error",
          .is_traced = flags.trace.value_or(false) || level == "debug",
          .log_every = flags.log_every,
          .n_threads = flags.backend.n_threads(run.train.backend)};
}

std::string run_tag(const std::string& data_path) {
  std::string tag = fs::path(data_path).stem().string();
  for (char& c : tag) {
    if (c == '-') c = '_';
  }
  return tag;
}

/// Trains, and writes the trace that was asked for. Returns the exit code.
int train(const TrainFlags& flags, Backend& backend, TrainerSetup setup,
          const CheckpointReader* checkpoint, TrainReport& report, const Clock& clock) {
  const std::optional<Reporting> reporting = flags.reporting();
#ifdef ALPHA_HAS_HELIOS
  if (flags.profile) {
    HeliosProfile profile(dynamic_cast<helios::HeliosBackend&>(backend), *flags.profile,
                          flags.profile_steps.value_or(10), clock, report.console());
    const SessionResult result = run_session(backend, std::move(setup), checkpoint, report, clock,
                                             reporting, profile.hooks());
    profile.finish();
    if (profile.n_steps() == 0) {
      warn(fmt::format("nothing was recorded: the trace begins after {} steps",
                       HeliosProfile::kFirstSteps));
    } else if (profile.is_written() && !flags.quiet.value_or(false)) {
      report.console().line(
          fmt::format("Profile: {} ({} steps)", *flags.profile, profile.n_steps()));
    }
    return result.exit_code;
  }
#endif
  return run_session(backend, std::move(setup), checkpoint, report, clock, reporting).exit_code;
}

int start_run(const TrainFlags& flags, const Flags& given, const Clock& clock) {
  static_cast<void>(flags.reporting());  // mistakes first
  RunConfig run = flags.new_run();
  flags.check_profile(run, given);
  fs::path run_dir;
  if (flags.run_dir) {
    run_dir = *flags.run_dir;
    run.run_id = run_id_of(run_dir);
  } else {
    run.run_id = make_run_id(clock, run_tag(run.data_path));
    run_dir = fs::path("runs") / run.run_id;
  }
  TrainReport report(report_options(flags, run), clock);
  const auto backend = flags.backend.open(run.train.backend);
  TrainerSetup setup = make_setup(run, nullptr, flags.vocab_size, run_dir, report.console());
  return train(flags, *backend, std::move(setup), nullptr, report, clock);
}

/// The text of a run, where it was or, if the run has moved, in the run's own folder.
std::string find_text(const std::string& path, const fs::path& run_dir) {
  if (path.empty() || fs::exists(path)) return path;
  const fs::path moved = run_dir / fs::path(path).filename();
  if (fs::exists(moved)) return fs::absolute(moved).string();
  fail(ErrorCode::not_found, "the text '{}' of this run is gone; say where it is with --data",
       path);
}

int resume_run(const TrainFlags& flags, const Flags& given, const Clock& clock) {
  static_cast<void>(flags.reporting());  // mistakes first
  const ResolvedCheckpoint found = resolve_checkpoint(*flags.resume);
  if (!found.warning.empty()) warn(found.warning);
  const CheckpointReader checkpoint(found.path);
  RunConfig run = run_config_from_json(checkpoint.config(), (found.path / kConfigFile).string());
  flags.apply_to_resumed(run, given);
  const fs::path normal = fs::absolute(found.path).lexically_normal();
  const fs::path own_dir =
      normal.filename().empty() ? normal.parent_path().parent_path() : normal.parent_path();
  const fs::path run_dir = flags.run_dir ? fs::path(*flags.run_dir) : own_dir;
  TrainReport report(report_options(flags, run), clock);
  const Json* state = checkpoint.trainer_state();
  if (state != nullptr && state->value("step", std::int64_t{0}) >= run.train.iters) {
    const std::string message = fmt::format("'{}' is complete: all {} steps are done",
                                            found.path.string(), run.train.iters);
    report.console().line(message);
    return 0;
  }
  run.data_path = find_text(run.data_path, own_dir);
  run.validation_path = find_text(run.validation_path, own_dir);
  flags.check_profile(run, given, found.path);
  std::shared_ptr<const Tokenizer> tokenizer =
      tokenizer_from_json(checkpoint.tokenizer(), (found.path / kTokenizerFile).string());
  const auto backend = flags.backend.open(run.train.backend);
  TrainerSetup setup = make_setup(run, std::move(tokenizer), {}, run_dir, report.console());
  return train(flags, *backend, std::move(setup), &checkpoint, report, clock);
}

}  // namespace

int train_command(Arguments args) {
  TrainFlags flags;
  Flags parser("train", "Trains a GPT on a text, or continues a run.", kExamples);
  flags.add_to(parser);
  if (!parser.parse(args)) return 0;
  const SystemClock clock;
  return flags.resume ? resume_run(flags, parser, clock) : start_run(flags, parser, clock);
}

}  // namespace alpha::cli
