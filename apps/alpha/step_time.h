#pragma once

#include "alpha/core/clock.h"
#include "alpha/tensor/backend.h"
#include "alpha/train/run_directory.h"

namespace alpha::cli {

/// Seconds that one training step of `run` takes on this machine: the best of a few, on a model
/// that is thrown away. run.model.vocab_size is set.
double measure_step_seconds(Backend& backend, const RunConfig& run, const Clock& clock);

}  // namespace alpha::cli
