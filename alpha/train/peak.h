#pragma once

#include "alpha/core/clock.h"
#include "alpha/tensor/backend.h"

namespace alpha {

/// Floating-point operations per second of the backend's matrix product at its best on this
/// machine, measured in about 0.2 s: what model FLOP utilisation (MFU) is taken against.
double measure_peak_flops(Backend& backend, DType dtype, const Clock& clock);

}  // namespace alpha
