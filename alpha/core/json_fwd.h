#pragma once

#include <nlohmann/json_fwd.hpp>

namespace alpha {

/// Objects keep the order in which their keys were written. Complete in alpha/core/json.h.
using Json = nlohmann::ordered_json;

}  // namespace alpha
