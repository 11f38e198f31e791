#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/core/clock.h"
#include "alpha/data/batch_stream.h"
#include "alpha/model/gpt.h"
#include "alpha/train/metrics.h"
#include "alpha/train/optimizer.h"
#include "alpha/train/run_directory.h"
#include "alpha/train/run_log.h"
#include "alpha/train/training_data.h"

namespace alpha {

/// Everything that a run is made of.
struct TrainerSetup {
  RunConfig run;
  std::shared_ptr<const Tokenizer> tokenizer;
  TrainingData data;
  std::filesystem::path run_dir;
  std::vector<std::string> sample_prompts;  // for the samples on the way
};

/// A part of a step as the host went through it: "data", "forward", "backward", "gradient norm",
/// "optimizer", "wait", or "eval". A backend that computes at once does so in the parts' own time;
/// one that records does everything in "wait". In seconds of the trainer's clock.
struct TrainPhase {
  std::string_view name;
  double begin_seconds = 0;
  double end_seconds = 0;
};

/// What a run reports while it goes. All are optional.
struct TrainerHooks {
  std::function<void(const StepMetrics&)> on_step = {};
  std::function<void(const std::filesystem::path&, std::int64_t step)> on_checkpoint = {};
  std::function<void(const std::string& prompt, const std::string& text)> on_sample = {};
  std::function<void(const std::string&)> on_warning = {};
  std::function<void(const TrainEvent&)> on_event = {};  // each line of events.jsonl
  std::function<void(const TrainPhase&)> on_phase = {};  // before on_step of its step
};

/// How a run ended.
struct TrainSummary {
  std::int64_t step = 0;     // last step taken
  bool is_complete = false;  // all iterations done, as opposed to stopped
  double best_validation_loss = 0;
  double seconds = 0;
  std::filesystem::path checkpoint;  // the last one
};

/// The training loop. What it computes is a function of the setup alone: neither evaluation nor
/// samples nor a stop and resume change the weights.
class Trainer {
 public:
  /// Makes the model and, for a new run, its folder. Error: a configuration or data that cannot
  /// work.
  Trainer(Backend& backend, TrainerSetup setup, const Clock& clock, TrainerHooks hooks);
  ~Trainer();

  /// Continues where a checkpoint of this run stopped. Error: corrupt; invalid_argument when model,
  /// data or optimizer are others.
  void resume(const CheckpointReader& checkpoint);

  /// Trains until all iterations are done or `is_stopping` is set; saves at the end either way.
  /// Error: io; corrupt when the loss was not finite for some steps in a row, and there is nothing
  /// to go on from but the last checkpoint.
  TrainSummary run(const std::atomic<bool>& is_stopping);

  const Parameters& parameters() const noexcept { return parameters_; }

  std::int64_t step() const noexcept { return step_; }

  /// See measure_peak_flops.
  double peak_flops() const noexcept { return peak_flops_; }

 private:
  StepMetrics train_step();
  Tensor accumulate_gradients(StepMetrics& metrics);
  Tensor micro_step(std::int64_t micro, StepMetrics& metrics);
  Tensor update(const Tensor& losses, StepMetrics& metrics);
  void read_report(const Tensor& report, StepMetrics& metrics);
  void evaluate(StepMetrics& metrics);
  void save_checkpoint();
  void check_optimizer(const CheckpointReader& checkpoint) const;
  void take_steps(const std::atomic<bool>& is_stopping);
  void write_samples();
  void warn(const std::string& message);
  void tell(std::string_view level, std::string_view kind, std::string message);

  Backend& backend_;
  TrainerSetup setup_;
  const Clock& clock_;
  TrainerHooks hooks_;
  Parameters parameters_;
  GptWeights weights_;
  Optimizer optimizer_;
  BatchStream batches_;
  Tape tape_;
  Batch batch_;
  Tensor inputs_;   // [B, T] i32
  Tensor targets_;  // [B, T] i32
  std::unique_ptr<RunLog> log_;
  double peak_flops_ = 0;
  std::int64_t step_ = 0;
  std::int64_t n_clipped_ = 0;
  int n_not_finite_ = 0;  // steps in a row without a finite loss and gradient
  double best_validation_loss_;
  std::filesystem::path last_checkpoint_;
};

}  // namespace alpha
