#pragma once

#include "alpha/helios/helios_backend.h"
#include "alpha/tensor/ops/attention.h"

namespace alpha::helios {

/// Whether a device has matrix units of the kind that the kernels of attention are written for.
bool has_flash(const DeviceInfo& info, DType dtype);

/// Attention on matrix units, if the device has them and heads are of a size that is theirs: a
/// multiple of 16 up to 128, at aligned places. False: it is not done.
bool flash_forward(HeliosBackend& backend, const AttentionArgs& args);

/// The same for dqkv.
bool flash_backward(HeliosBackend& backend, const AttentionBackwardArgs& args);

/// Whether they compute what plain arithmetic does, but for rounding.
bool flash_passes_test(HeliosBackend& backend, DType dtype);

}  // namespace alpha::helios
