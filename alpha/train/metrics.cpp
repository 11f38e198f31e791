#include "alpha/train/metrics.h"

#include "alpha/core/json.h"

namespace alpha {

Json to_json(const StepMetrics& m) {
  Json json = {{"step", m.step},
               {"loss", m.loss},
               {"lr", m.lr},
               {"gradNorm", m.grad_norm},
               {"elapsed_ms", m.step_ms},
               {"ms_per_iter", m.step_ms},
               {"tokens_per_sec", m.tokens_per_second},
               {"mfu", m.mfu},
               {"timing_data_ms", m.data_ms},
               {"timing_fwd_ms", m.forward_ms},
               {"timing_bwd_ms", m.backward_ms},
               {"timing_grad_norm_ms", m.grad_norm_ms},
               {"timing_grad_clip_ms", 0},  // a factor inside the optimizer step
               {"timing_optim_ms", m.optimizer_ms},
               {"timing_flush_ms", m.wait_ms},
               {"clip_coef", m.clip_coefficient},
               {"clip_pct", m.clipped_percent}};
  if (m.resident_bytes > 0) {
    constexpr double kMebibyte = 1024 * 1024;
    json["memory_mb"] = static_cast<double>(m.resident_bytes) / kMebibyte;
  }
  if (m.validation_loss) json["valLoss"] = *m.validation_loss;
  if (m.bits_per_byte) json["bits_per_byte"] = *m.bits_per_byte;
  if (m.is_skipped) json["skipped"] = true;
  return json;
}

}  // namespace alpha
