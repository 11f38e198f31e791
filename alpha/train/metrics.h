#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "alpha/core/json_fwd.h"

namespace alpha {

/// What one step of training was like. Names in JSON are the original's, plus mfu, bits_per_byte
/// and memory_mb.
struct StepMetrics {
  std::int64_t step = 0;  // 1-based
  double loss = 0;        // mean over the micro-batches, nats per token
  std::optional<double> validation_loss;
  std::optional<double> bits_per_byte;  // of the validation data
  double lr = 0;
  double grad_norm = 0;  // before clipping
  double clip_coefficient = 1;
  double clipped_percent = 0;  // of the steps so far
  bool is_skipped = false;     // no update: not finite, or a spike
  double step_ms = 0;
  double data_ms = 0;
  double forward_ms = 0;
  double backward_ms = 0;
  double grad_norm_ms = 0;
  double optimizer_ms = 0;
  double wait_ms = 0;  // for a device to do what the other parts recorded
  double tokens_per_second = 0;
  double mfu = 0;  // model FLOP/s over the measured peak of the backend's matrix product
  std::size_t resident_bytes = 0;  // memory of the process at the end of the step; 0: not known
};

Json to_json(const StepMetrics& metrics);

}  // namespace alpha
