#pragma once

#include <cstdint>

#include "alpha/core/clock.h"
#include "alpha/model/gpt.h"
#include "alpha/tensor/backend.h"
#include "alpha/train/optimizer.h"
#include "alpha/train/run_directory.h"

namespace alpha::cli {

/// Training steps as Trainer takes them, of a model that is thrown away, on tokens that mean
/// nothing.
class TrialTraining {
 public:
  /// run.model.vocab_size is set. `backend` outlives it. Error: out_of_memory.
  TrialTraining(Backend& backend, const RunConfig& run);
  TrialTraining(const TrialTraining&) = delete;
  TrialTraining& operator=(const TrialTraining&) = delete;

  void step();

 private:
  Backend& backend_;
  RunConfig run_;
  Parameters parameters_;
  GptWeights weights_;
  Optimizer optimizer_;
  Tape tape_;
  Tensor tokens_;  // [B, T] i32
  std::int32_t n_steps_ = 0;
};

/// Seconds that one training step of `run` takes on this machine: the best of a few.
/// run.model.vocab_size is set.
double measure_step_seconds(Backend& backend, const RunConfig& run, const Clock& clock);

}  // namespace alpha::cli
