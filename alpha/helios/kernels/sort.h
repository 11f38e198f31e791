#pragma once

#include "alpha/helios/helios_backend.h"

namespace alpha::helios {

/// The positions 0 … n-1 of `keys` [n] i32, all in [0, limit), ordered by their keys and, where
/// these are equal, by themselves: [n] i32.
Tensor sorted_order(HeliosBackend& backend, const Tensor& keys, std::int64_t limit);

}  // namespace alpha::helios
