#pragma once

#include <cstdint>
#include <string>

#include "alpha/grammar/automaton_builder.h"

namespace alpha {

inline constexpr int kMaxDigits = 15;
inline constexpr std::int64_t kMaxInteger = 999'999'999'999'999;

/// At most kMaxDigits digits before the point, as many after it, and two in the exponent.
Automaton::RuleId add_number_rule(AutomatonBuilder& builder);

/// At most kMaxDigits digits; no exponent, no point, and no zeros in front.
Automaton::RuleId add_integer_rule(AutomatonBuilder& builder);

/// The same, from `min` to `max`: -kMaxInteger <= min <= max <= kMaxInteger.
Automaton::RuleId add_integer_range_rule(AutomatonBuilder& builder, std::int64_t min,
                                         std::int64_t max, const std::string& path);

}  // namespace alpha
