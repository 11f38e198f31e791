#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "apps/alpha/backend_flags.h"
#include "apps/alpha/train_reporting.h"
#include "apps/alpha/usage.h"

#include "alpha/train/run_directory.h"

namespace alpha::cli {

/// Everything that can be said to `alpha train`; what was not said is empty.
struct TrainFlags {
  // Text, tokenizer, folder.
  std::optional<std::string> data, val_data, domain, tokenizer, run_dir, resume;
  std::optional<std::int64_t> vocab_size;
  // Model.
  std::optional<std::string> preset, activation, norm;
  std::optional<std::int64_t> block, layers, dim, heads, ffn_dim;
  std::optional<double> dropout, soft_cap;
  std::optional<bool> bias, tie;
  // Optimization.
  std::optional<std::int64_t> steps, batch, accum_steps, warmup_iters, seed;
  std::optional<double> lr, lr_min, beta1, beta2, eps, momentum, weight_decay, grad_clip,
      spike_threshold;
  std::optional<std::string> optim, init, dtype, chat_template;
  std::optional<bool> checkpoint, fp16;
  BackendFlags backend;
  // What is told and kept on the way.
  std::optional<std::int64_t> eval_interval, eval_iters, checkpoint_interval, sample_interval,
      log_every;
  std::optional<std::int64_t> profile_steps;
  std::optional<std::string> log, profile, report, report_secret_file, report_checkpoints;
  std::optional<bool> trace, json, quiet;

  void add_to(Flags& flags);

  /// The configuration of a new run: flags over the domain over the model preset over defaults. The
  /// vocabulary size and the run id are still missing. Error: UsageError.
  RunConfig new_run() const;

  /// Where the run is reported to; none: nowhere. Error: UsageError.
  std::optional<Reporting> reporting() const {
    return read_reporting(report, report_secret_file, report_checkpoints);
  }

  /// Error: UsageError for a profile of a run on another backend than helios, or one that would
  /// replace what the run reads: `resumed` is the checkpoint that it goes on from, if it does.
  void check_profile(const RunConfig& run, const Flags& flags,
                     const std::filesystem::path& resumed = {}) const;

  /// Changes what may change when a run is continued. Error: UsageError when `flags` were given
  /// that may not.
  void apply_to_resumed(RunConfig& run, const Flags& flags) const;

 private:
  void add_data_flags(Flags& flags);
  void add_model_flags(Flags& flags);
  void add_optimizer_flags(Flags& flags);
  void add_report_flags(Flags& flags);
  GptConfig model() const;
  void check_optimizer_flags(const TrainConfig& train) const;
  void apply_intervals(TrainConfig& train) const;
};

}  // namespace alpha::cli
