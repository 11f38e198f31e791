#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/alpha/train_report.h"
#include "apps/alpha/train_reporting.h"

#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/train/trainer.h"

namespace alpha::cli {

/// The id of a run whose folder was chosen: the folder's name.
std::string run_id_of(const std::filesystem::path& run_dir);

/// Reads and tokenizes the texts that `run` names. Without a tokenizer the one that
/// run.train.tokenizer names is made out of the text, or read when it names a file; `vocab_size` is
/// for the former. Sets run.model.vocab_size. What the tokenizer cannot write is told to `console`.
TrainerSetup make_setup(RunConfig run, std::shared_ptr<const Tokenizer> tokenizer,
                        std::optional<std::int64_t> vocab_size,
                        const std::filesystem::path& run_dir, Console& console);

/// Trains, continuing `checkpoint` when there is one, and reports, to a server too where
/// `reporting` names one, and to `other_hooks`. Returns how it ended and the exit code.
struct SessionResult {
  TrainSummary summary;
  int exit_code = 0;
};

SessionResult run_session(Backend& backend, TrainerSetup setup, const CheckpointReader* checkpoint,
                          TrainReport& report, const Clock& clock,
                          const std::optional<Reporting>& reporting = {},
                          const TrainerHooks& other_hooks = {});

}  // namespace alpha::cli
