#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "alpha/grammar/automaton_builder.h"

namespace alpha {

/// A JSON string of `min` to `max` characters, each UTF-8 or an escape. Surrogates come in pairs,
/// which count as one character.
Automaton::RuleId add_string_rule(AutomatonBuilder& builder, std::uint32_t min, std::uint32_t max);

/// A JSON string without escapes that is none of `taken`.
Automaton::RuleId add_free_key_rule(AutomatonBuilder& builder, std::span<const std::string> taken,
                                    const std::string& path);

}  // namespace alpha
