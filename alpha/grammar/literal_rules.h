#pragma once

#include <span>
#include <string>
#include <string_view>

#include "alpha/core/json_fwd.h"
#include "alpha/grammar/automaton_builder.h"

namespace alpha {

/// One of the values, as `dump` writes them, with the white space of the grammar. Beginnings that
/// values share are read once. Values hold valid UTF-8 and finite numbers.
Automaton::RuleId add_literals_rule(AutomatonBuilder& builder, std::span<const Json> values,
                                    const std::string& path);

/// `text` as a JSON string.
std::string to_json_string(std::string_view text);

}  // namespace alpha
