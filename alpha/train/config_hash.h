#pragma once

#include <string>

#include "alpha/core/json_fwd.h"

namespace alpha {

/// The original's hash of a run's configuration: FNV-1a over the JSON of both objects merged, keys
/// sorted, numbers as JavaScript writes them. 8 hex digits.
std::string config_hash(const Json& model, const Json& train);

/// A number as JavaScript's JSON.stringify writes it: shortest digits that read back the same, 1e-8
/// and not 1e-08, 0.000001 and not 1e-6.
std::string javascript_number(double value);

}  // namespace alpha
