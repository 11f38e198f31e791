#pragma once

#include "alpha/helios/kernels/launch.h"

namespace alpha::helios {

/// What changes from step to step, as optimizer.glsl has it.
struct Rates {
  float decay;        // lr · weight_decay
  float step;         // lr; of AdamW lr / bias_correction1
  float v_scale = 0;  // of AdamW 1 / bias_correction2
};

}  // namespace alpha::helios
