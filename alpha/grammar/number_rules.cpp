#include "alpha/grammar/number_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace alpha {
namespace {

using StateId = Automaton::StateId;
using RuleId = Automaton::RuleId;

/// One to `n` digits, each state of which leads on to `after`; returns the state before the first.
StateId add_digits(AutomatonBuilder& builder, RuleId rule, int n, StateId after) {
  const StateId start = builder.add_state(rule);
  StateId from = start;
  for (int i = 0; i < n; ++i) {
    const StateId next = builder.add_state(rule);
    builder.add_range(from, '0', '9', next);
    builder.add_jump(next, after);
    from = next;
  }
  return start;
}

/// From the rule's start: a sign and up to kMaxDigits digits.
void add_integer_part(AutomatonBuilder& builder, RuleId rule, StateId after) {
  const StateId start = builder.start(rule);
  const StateId first_digit = builder.add_state(rule);
  builder.add_byte(start, '-', first_digit);
  builder.add_jump(start, first_digit);
  builder.add_byte(first_digit, '0', after);
  const StateId more = add_digits(builder, rule, kMaxDigits - 1, after);
  builder.add_range(first_digit, '1', '9', more);
  builder.add_jump(more, after);
}

/// Numbers of one length from one bound to the other, digit by digit.
class DigitRange {
 public:
  DigitRange(AutomatonBuilder& builder, RuleId rule, std::string_view min, std::string_view max)
      : builder_(builder),
        rule_(rule),
        min_(min),
        max_(max) {}

  /// Where digits are left: `is_low`, `is_high` as long as those read are those of the bound.
  StateId add(std::size_t at, bool is_low, bool is_high) {
    const std::size_t key = at * 4 + (is_low ? 2U : 0U) + (is_high ? 1U : 0U);
    std::optional<StateId>& known = known_[key];
    if (known) return *known;
    const StateId state = builder_.add_state(rule_);
    known = state;
    if (at == min_.size()) {
      builder_.set_end(state);
      return state;
    }
    const char low = is_low ? min_[at] : '0';
    const char high = is_high ? max_[at] : '9';
    for (char digit = low; digit <= high; ++digit) {
      const bool stays_low = is_low && digit == low;
      const bool stays_high = is_high && digit == high;
      builder_.add_byte(state, digit, add(at + 1, stays_low, stays_high));
    }
    return state;
  }

 private:
  AutomatonBuilder& builder_;
  RuleId rule_;
  std::string_view min_;
  std::string_view max_;
  std::array<std::optional<StateId>, (kMaxDigits + 1)* 4> known_ = {};
};

/// 0 <= min <= max, after the sign.
void add_magnitudes(AutomatonBuilder& builder, RuleId rule, StateId from, std::int64_t min,
                    std::int64_t max) {
  std::int64_t first = 0;  // of those with one digit more each time
  for (std::int64_t end = 10; first <= max; first = end, end *= 10) {
    const std::int64_t low = std::max(first, min);
    const std::int64_t high = std::min(end - 1, max);
    if (low > high) continue;
    const std::string low_digits = std::to_string(low);
    const std::string high_digits = std::to_string(high);
    builder.add_jump(from, DigitRange(builder, rule, low_digits, high_digits).add(0, true, true));
  }
}

}  // namespace

RuleId add_number_rule(AutomatonBuilder& builder) {
  const RuleId rule = builder.add_rule({.path = "a number"});
  const StateId end = builder.add_end(rule);
  const StateId after_fraction = builder.add_state(rule);
  const StateId after_integer = builder.add_state(rule);
  add_integer_part(builder, rule, after_integer);

  builder.add_byte(after_integer, '.', add_digits(builder, rule, kMaxDigits, after_fraction));
  builder.add_jump(after_integer, after_fraction);

  const StateId exponent = builder.add_state(rule);
  const StateId exponent_digits = add_digits(builder, rule, 2, end);
  builder.add_byte(after_fraction, 'e', exponent);
  builder.add_byte(after_fraction, 'E', exponent);
  builder.add_byte(exponent, '+', exponent_digits);
  builder.add_byte(exponent, '-', exponent_digits);
  builder.add_jump(exponent, exponent_digits);
  builder.add_jump(after_fraction, end);
  return rule;
}

RuleId add_integer_rule(AutomatonBuilder& builder) {
  const RuleId rule = builder.add_rule({.path = "an integer"});
  add_integer_part(builder, rule, builder.add_end(rule));
  return rule;
}

RuleId add_integer_range_rule(AutomatonBuilder& builder, std::int64_t min, std::int64_t max,
                              const std::string& path) {
  const RuleId rule = builder.add_rule({.path = path});
  const StateId start = builder.start(rule);
  if (min < 0) {
    const StateId negative = builder.add_state(rule);
    builder.add_byte(start, '-', negative);
    add_magnitudes(builder, rule, negative, std::max<std::int64_t>(1, -max), -min);
  }
  if (max >= 0) add_magnitudes(builder, rule, start, std::max<std::int64_t>(0, min), max);
  return rule;
}

}  // namespace alpha
