#include "apps/alpha/training_session.h"

#include <algorithm>

#include "apps/alpha/signals.h"
#include "apps/alpha/usage.h"

#include "alpha/core/files.h"
#include "alpha/core/suggest.h"
#include "alpha/data/corpus.h"
#include "alpha/inference/generate.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/train/domains.h"

namespace alpha::cli {

namespace {

constexpr double kValidationFraction = 0.1;
constexpr int kExitOfBrokenPipe = 141;

std::shared_ptr<const Tokenizer> make_tokenizer(const std::string& name, std::string_view text,
                                                std::optional<std::int64_t> vocab_size,
                                                Console& console) {
  const auto names = tokenizer_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    std::shared_ptr<const Tokenizer> tokenizer =
        train_tokenizer(name, text, static_cast<int>(vocab_size.value_or(0)));
    if (vocab_size && tokenizer->type() != "bpe") {
      console.warning(fmt::format(
          "the {} tokenizer takes its size from the text: {} tokens, --vocabSize {} has no effect",
          name, tokenizer->vocab_size(), *vocab_size));
    }
    return tokenizer;
  }
  if (!std::filesystem::is_regular_file(name)) {
    fail_usage("--tokenizer: '{}' is neither a file nor one of {}{}", name, fmt::join(names, ", "),
               did_you_mean(name, names));
  }
  if (vocab_size) fail_usage("--vocabSize: the tokenizer file '{}' has a size already", name);
  return load_tokenizer(name);
}

/// Bytes of a text that tokens cannot give back.
void warn_of_lost_bytes(const Tokenizer& tokenizer, std::span<const TokenId> tokens,
                        std::string_view text, std::string_view name, Console& console) {
  if (tokenizer.type() == "word") return;  // its spaces are no tokens
  std::size_t n_bytes = 0;
  for (const TokenId id : tokens) n_bytes += tokenizer.piece(id).size();
  if (n_bytes >= text.size()) return;
  console.warning(fmt::format("{} of {} bytes of the {} text are not in the vocabulary",
                              text.size() - n_bytes, text.size(), name));
}

/// The prompts of a domain, or a few words of the text; those alone that can be written.
std::vector<std::string> sample_prompts(const RunConfig& run, const Tokenizer& tokenizer,
                                        std::string_view text) {
  std::vector<std::string> prompts;
  if (!run.domain.empty()) {
    prompts = find_domain(run.domain).prompts;
  } else {
    constexpr std::size_t kOpeningBytes = 24;
    const std::string_view opening = text.substr(0, std::min(text.size(), kOpeningBytes));
    prompts = {"The ", std::string(opening.substr(0, opening.find_last_of(" \n")))};
  }
  std::erase_if(prompts, [&](const std::string& prompt) {
    try {
      return tokenizer.encode(prompt, SpecialTokens::allowed).empty();
    } catch (const Error&) {
      return true;  // cut inside a character
    }
  });
  return prompts;
}

/// The reporter of a run whose folder is in order; null where nothing is to be reported.
std::unique_ptr<Reporter> start_reports(const std::optional<Reporting>& reporting,
                                        const RunConfig& run, const std::filesystem::path& run_dir,
                                        std::int64_t step, const Clock& clock, Console& console) {
  if (!reporting) return nullptr;
  prepare_run_directory(run_dir, run, step);
  return std::make_unique<Reporter>(
      ReporterOptions{.url = reporting->url,
                      .secret = reporting->secret,
                      .checkpoints = reporting->checkpoints},
      run, step, clock, [&console](const std::string& problem) { console.warning(problem); });
}

/// Takes back the folder of a run that ended before it had anything to keep, if the run made it.
class NewFolder {
 public:
  explicit NewFolder(std::filesystem::path path)
      : path_(std::move(path)),
        is_new_(!file_exists(path_)) {}

  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  ~NewFolder() {
    try {
      if (is_new_ && is_unused()) remove_tree(path_);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): then it stays
    }
  }

 private:
  /// Nothing but the configuration and logs without a line.
  bool is_unused() const {
    return std::ranges::all_of(list_folder(path_), [&](const std::string& name) {
      const FileStatus status = file_status(path_ / name, Links::kept);
      return name == kRunConfigFile || (status.kind == FileKind::regular && status.size_bytes == 0);
    });
  }

  std::filesystem::path path_;
  bool is_new_;
};

}  // namespace

std::string run_id_of(const std::filesystem::path& run_dir) {
  const std::filesystem::path normal = std::filesystem::absolute(run_dir).lexically_normal();
  return (normal.filename().empty() ? normal.parent_path() : normal).filename().string();
}

TrainerSetup make_setup(RunConfig run, std::shared_ptr<const Tokenizer> tokenizer,
                        std::optional<std::int64_t> vocab_size,
                        const std::filesystem::path& run_dir, Console& console) {
  const std::string text = read_text(run.data_path);
  const std::string validation_text =
      run.validation_path.empty() ? std::string() : read_text(run.validation_path);
  const Split split = run.validation_path.empty()
                          ? split_text(text, kValidationFraction)
                          : Split{.train = text, .validation = validation_text};
  if (!tokenizer) tokenizer = make_tokenizer(run.train.tokenizer, text, vocab_size, console);
  run.model.vocab_size = tokenizer->vocab_size();
  TrainerSetup setup{.run = std::move(run),
                     .tokenizer = std::move(tokenizer),
                     .data = {},
                     .run_dir = run_dir,
                     .sample_prompts = {}};
  setup.data = tokenize_data(*setup.tokenizer, split.train, split.validation);
  warn_of_lost_bytes(*setup.tokenizer, setup.data.train, split.train, "training", console);
  warn_of_lost_bytes(*setup.tokenizer, setup.data.validation, split.validation, "validation",
                     console);
  setup.sample_prompts = sample_prompts(setup.run, *setup.tokenizer, text);
  return setup;
}

SessionResult run_session(Backend& backend, TrainerSetup setup, const CheckpointReader* checkpoint,
                          TrainReport& report, const Clock& clock,
                          const std::optional<Reporting>& reporting,
                          const TrainerHooks& other_hooks) {
  const RunConfig run = setup.run;
  const std::filesystem::path run_dir = setup.run_dir;
  check_data(setup.data, run.model.block_size);
  const auto n_train = static_cast<std::int64_t>(setup.data.train.size());
  const auto n_validation = static_cast<std::int64_t>(setup.data.validation.size());
  const NewFolder new_folder(run_dir);
  // Before anything is told: a folder that cannot be written ends the run here.
  if (checkpoint == nullptr) prepare_run_directory(run_dir, run, 0);
  const auto remote_hooks = std::make_shared<TrainerHooks>();
  TrainerHooks hooks =
      joined_hooks(report.hooks(), std::make_shared<const TrainerHooks>(other_hooks));
  Trainer trainer(backend, std::move(setup), clock, joined_hooks(std::move(hooks), remote_hooks));
  if (checkpoint != nullptr) trainer.resume(*checkpoint);
  const std::unique_ptr<Reporter> reporter =
      start_reports(reporting, run, run_dir, trainer.step(), clock, report.console());
  if (reporter != nullptr) *remote_hooks = reporter->hooks();
  report.header(run, n_train, n_validation, trainer);
  SessionResult result;
  try {
    result.summary = trainer.run(stop_flag());
  } catch (...) {
    if (reporter != nullptr) finish_reports(*reporter, trainer.step(), false, report.console());
    throw;
  }
  const TrainSummary& summary = result.summary;
  if (reporter != nullptr) {
    finish_reports(*reporter, summary.step, summary.is_complete, report.console());
  }
  report.result(run, summary);
  if (!summary.is_complete) result.exit_code = exit_code_after_stop(kExitOfBrokenPipe);
  return result;
}

}  // namespace alpha::cli
