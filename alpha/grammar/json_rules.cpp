#include "alpha/grammar/json_rules.h"

#include <set>
#include <string_view>

#include "alpha/grammar/literal_rules.h"
#include "alpha/grammar/number_rules.h"
#include "alpha/grammar/string_rules.h"

namespace alpha {
namespace {

using StateId = Automaton::StateId;
using RuleId = Automaton::RuleId;
using Guard = Automaton::Guard;

/// Builds one object rule. Place i is before property i; place n before further pairs.
class ObjectBuilder {
 public:
  ObjectBuilder(AutomatonBuilder& builder, RuleId rule, std::span<const PropertyRule> properties,
                bool has_more)
      : builder_(builder),
        rule_(rule),
        properties_(properties),
        has_more_(has_more) {
    for (std::size_t i = 0; i <= properties.size(); ++i) {
      pair_.push_back(builder.add_state(rule));
      none_written_.push_back(builder.add_state(rule));
      some_written_.push_back(builder.add_state(rule));
      after_comma_.push_back(builder.add_state(rule));
    }
    end_ = builder.add_end(rule);
    builder.add_byte(builder.start(rule), '{', none_written_[0]);
  }

  void add() {
    bool can_close = true;  // without one of the properties from i on
    for (std::size_t i = properties_.size() + 1; i-- > 0;) {
      const bool is_last = i == properties_.size();
      const bool is_optional = !is_last && !properties_[i].is_required;
      can_close = can_close && (is_last || is_optional);
      add_place(i, is_optional, can_close);
      if (!is_last) add_property(i);
    }
  }

  void add_more(RuleId key, RuleId value) {
    const StateId after_key = builder_.add_state(rule_);
    builder_.add_call(pair_.back(), key, after_key);
    add_value(after_key, value, some_written_.back());
  }

 private:
  bool has_pair(std::size_t place) const { return place < properties_.size() || has_more_; }

  void add_place(std::size_t i, bool is_optional, bool can_close) {
    if (has_pair(i)) {
      builder_.add_jump(none_written_[i], pair_[i]);
      const StateId before_space = builder_.add_state(rule_);
      builder_.add_byte(some_written_[i], ',', before_space);
      builder_.add_space(before_space, after_comma_[i]);
      builder_.add_jump(after_comma_[i], pair_[i]);
    }
    if (is_optional) {
      builder_.add_jump(none_written_[i], none_written_[i + 1]);
      if (has_pair(i + 1)) builder_.add_jump(after_comma_[i], after_comma_[i + 1]);
    }
    if (can_close) builder_.add_byte(some_written_[i], '}', end_);
    if (i == properties_.size()) builder_.add_byte(none_written_[i], '}', end_);
  }

  void add_property(std::size_t i) {
    const StateId after_key = builder_.add_text(pair_[i], to_json_string(properties_[i].name));
    add_value(after_key, properties_[i].value, some_written_[i + 1]);
  }

  void add_value(StateId after_key, RuleId value, StateId after_value) {
    const StateId before_space = builder_.add_state(rule_);
    const StateId before_value = builder_.add_state(rule_);
    builder_.add_byte(after_key, ':', before_space);
    builder_.add_space(before_space, before_value);
    builder_.add_call(before_value, value, after_value);
  }

  AutomatonBuilder& builder_;
  RuleId rule_;
  std::span<const PropertyRule> properties_;
  bool has_more_;
  std::vector<StateId> pair_;          // before the key
  std::vector<StateId> none_written_;  // of the properties before
  std::vector<StateId> some_written_;
  std::vector<StateId> after_comma_;
  StateId end_ = 0;
};

}  // namespace

RuleId JsonRules::literal(std::optional<RuleId>& known, std::span<const std::string_view> texts) {
  if (known) return *known;
  const RuleId rule = builder_.add_rule({.path = "a literal"});
  for (const std::string_view text : texts) {
    builder_.set_end(builder_.add_text(builder_.start(rule), text));
  }
  known = rule;
  return rule;
}

RuleId JsonRules::null() {
  constexpr std::string_view kTexts[] = {"null"};
  return literal(null_, kTexts);
}

RuleId JsonRules::boolean() {
  constexpr std::string_view kTexts[] = {"false", "true"};
  return literal(boolean_, kTexts);
}

RuleId JsonRules::number() {
  if (!number_) number_ = add_number_rule(builder_);
  return *number_;
}

RuleId JsonRules::integer() {
  if (!integer_) integer_ = add_integer_rule(builder_);
  return *integer_;
}

RuleId JsonRules::string(std::uint32_t min, std::uint32_t max) {
  const auto [it, is_new] = strings_.try_emplace({min, max}, 0);
  if (is_new) it->second = add_string_rule(builder_, min, max);
  return it->second;
}

RuleId JsonRules::value() {
  if (value_) return *value_;
  const RuleId rule = builder_.add_rule({.path = "a value"});
  value_ = rule;
  const StateId end = builder_.add_end(rule);
  for (const RuleId alternative :
       {null(), boolean(), number(), string(), array({.rest = rule}, "an array"),
        object({}, rule, "an object")}) {
    builder_.add_call(builder_.start(rule), alternative, end);
  }
  return rule;
}

RuleId JsonRules::object(std::span<const PropertyRule> properties, std::optional<RuleId> additional,
                         const std::string& path) {
  const RuleId rule = builder_.add_rule({.is_container = true, .path = path});
  ObjectBuilder object(builder_, rule, properties, additional.has_value());
  object.add();
  if (!additional) return rule;
  if (properties.empty()) {
    object.add_more(string(), *additional);
    return rule;
  }
  std::vector<std::string> names;
  for (const PropertyRule& property : properties) names.push_back(property.name);
  object.add_more(add_free_key_rule(builder_, names, path), *additional);
  return rule;
}

RuleId JsonRules::array(const ArrayRule& array, const std::string& path) {
  const RuleId rule =
      builder_.add_rule({.min = array.min, .max = array.max, .is_container = true, .path = path});
  const StateId end = builder_.add_end(rule);
  StateId before = builder_.add_state(rule);
  builder_.add_byte(builder_.start(rule), '[', before);
  if (array.min == 0) builder_.add_byte(before, ']', end);
  // The first items are counted by the states, so that no comma leads to nothing.
  std::uint32_t n = 0;
  for (const RuleId item : array.first) {
    if (n == array.max) return rule;
    const StateId after = builder_.add_state(rule);
    builder_.add_call(before, item, after, Guard::count);
    if (++n >= array.min) builder_.add_byte(after, ']', end);
    const bool has_next = n < array.max && (n < array.first.size() || array.rest);
    if (!has_next) return rule;
    const StateId before_space = builder_.add_state(rule);
    before = builder_.add_state(rule);
    builder_.add_byte(after, ',', before_space);
    builder_.add_space(before_space, before);
  }
  if (!array.rest || n == array.max) return rule;
  const StateId after = builder_.add_state(rule);
  const StateId before_space = builder_.add_state(rule);
  const StateId before_next = builder_.add_state(rule);
  builder_.add_call(before, *array.rest, after, Guard::count);
  builder_.add_byte(after, ']', end, Guard::at_min);
  builder_.add_byte(after, ',', before_space, Guard::below_max);
  builder_.add_space(before_space, before_next);
  builder_.add_call(before_next, *array.rest, after, Guard::count);
  return rule;
}

RuleId JsonRules::any_of(std::span<const RuleId> rules, const std::string& path) {
  const RuleId any = builder_.add_rule({.path = path});
  const StateId end = builder_.add_end(any);
  std::set<RuleId> known;
  for (const RuleId rule : rules) {
    if (known.insert(rule).second) builder_.add_call(builder_.start(any), rule, end);
  }
  return any;
}

}  // namespace alpha
