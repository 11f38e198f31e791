#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "apps/alpha/console.h"

#include "alpha/core/clock.h"
#include "alpha/train/trainer.h"

namespace alpha::cli {

struct ReportOptions {
  bool is_json = false;
  bool is_quiet = false;                       // warnings and the result alone
  bool is_traced = false;                      // where the time of a step goes
  std::optional<std::int64_t> log_every = {};  // empty: about one line a second
  int n_threads = 1;
};

/// Tells how a training run goes: header, progress, evaluations, checkpoints, samples, result.
class TrainReport {
 public:
  /// `clock` outlives the report.
  TrainReport(const ReportOptions& options, const Clock& clock);

  Console& console() noexcept { return console_; }

  /// Everything that the trainer can report. The report outlives the trainer.
  TrainerHooks hooks();

  /// `n_train` and `n_validation` are tokens.
  void header(const RunConfig& run, std::int64_t n_train, std::int64_t n_validation,
              const Trainer& trainer);

  /// The result and what to type next. In JSON: {done, step, iters, bestValLoss, bitsPerByte,
  /// seconds, checkpoint, runDir}.
  void result(const RunConfig& run, const TrainSummary& summary);

  /// Bits per byte where the validation loss was best; empty before the first evaluation.
  std::optional<double> best_bits_per_byte() const noexcept { return best_bits_per_byte_; }

 private:
  void on_step(const StepMetrics& metrics);
  void on_evaluation(const StepMetrics& metrics);
  bool is_due(const StepMetrics& metrics, double now);
  std::string live_line(const StepMetrics& m, double now) const;
  double seconds_left(const StepMetrics& m, double now) const;
  std::string progress_line(const StepMetrics& metrics, double now) const;
  void say(const std::string& text);

  ReportOptions options_;
  const Clock& clock_;
  Console console_;
  std::int64_t iters_ = 0;
  std::int64_t first_step_ = 0;  // steps done before this session
  double start_ = 0;
  double last_shown_ = -1e9;
  double smooth_step_ms_ = 0;
  std::optional<double> last_validation_loss_;
  std::optional<double> best_validation_loss_;
  std::optional<double> best_bits_per_byte_;
};

}  // namespace alpha::cli
