#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alpha/grammar/automaton_builder.h"

namespace alpha {

/// A property that an object may have.
struct PropertyRule {
  std::string name;
  Automaton::RuleId value;
  bool is_required;
};

struct ArrayRule {
  std::vector<Automaton::RuleId> first = {};   // of the first items, one each
  std::optional<Automaton::RuleId> rest = {};  // of those that follow; none may
  std::uint32_t min = 0;                       // items
  std::uint32_t max = Automaton::kUnbounded;
};

/// The rules of JSON that schemas are made of. Those without parameters are built once.
///
/// White space: one space or none after ':' and ','; nowhere else.
class JsonRules {
 public:
  using RuleId = Automaton::RuleId;

  /// `builder` must outlive it.
  explicit JsonRules(AutomatonBuilder& builder) : builder_(builder) {}

  RuleId null();
  RuleId boolean();
  RuleId number();
  RuleId integer();
  RuleId string(std::uint32_t min = 0, std::uint32_t max = Automaton::kUnbounded);

  /// Any value.
  RuleId value();

  /// The properties in their order, without those left out; then others, if `additional` is their
  /// value, under names without escapes.
  RuleId object(std::span<const PropertyRule> properties, std::optional<RuleId> additional,
                const std::string& path);

  RuleId array(const ArrayRule& array, const std::string& path);

  /// One of the rules; none twice.
  RuleId any_of(std::span<const RuleId> rules, const std::string& path);

 private:
  RuleId literal(std::optional<RuleId>& known, std::span<const std::string_view> texts);

  AutomatonBuilder& builder_;
  std::optional<RuleId> null_;
  std::optional<RuleId> boolean_;
  std::optional<RuleId> number_;
  std::optional<RuleId> integer_;
  std::optional<RuleId> value_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, RuleId> strings_;
};

}  // namespace alpha
