#pragma once

#include <optional>
#include <string>
#include <utility>

#include "alpha/core/json_fwd.h"
#include "alpha/grammar/schema_check.h"

namespace alpha {

/// `$defs` or `definitions`, and a name in it.
using SchemaReference = std::pair<std::string, std::string>;

/// Where a `$ref` leads; nothing for "#", the whole schema. Error(invalid_argument): anything but
/// "#", "#/$defs/name" and "#/definitions/name".
std::optional<SchemaReference> read_reference(const Json& reference, const SchemaPath& path);

}  // namespace alpha
